// The parser of the text form: one pass over the lines, with one statement per line.
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/text.h>

#include "text/cursor.h"

namespace sinter {
namespace {

using detail::TextCursor;

/// An operand as written: a node, or a number whose dtype follows from the other operands.
struct WrittenOperand {
  std::size_t position = 0;
  std::optional<Value> value;  ///< the node; without it the operand is `number`
  double number = 0;
  bool constant = false;  ///< true if `const` precedes the number
};

/// The dtype and shape of a node as written.
struct WrittenType {
  std::size_t position = 0;
  DType dtype{};
  Shape shape;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : cursor_(text) {}

  Graph parse() {
    cursor_.skip_blank_lines();
    cursor_.expect("sinter");
    cursor_.expect("graph");
    const std::size_t at = cursor_.position();
    if (cursor_.integer("the version of the text form") != 1) {
      cursor_.fail_at(at, "only version 1 of the text form is known");
    }
    cursor_.expect_end_of_line();
    for (cursor_.skip_blank_lines(); !cursor_.at_end(); cursor_.skip_blank_lines()) {
      statement();
      cursor_.expect_end_of_line();
    }
    return std::move(graph_);
  }

 private:
  void statement() {
    if (cursor_.accept("output")) return output();
    const std::size_t at = cursor_.position();
    cursor_.expect("%");
    const std::uint64_t number = cursor_.integer("the number of a node");
    if (values_.contains(number)) {
      cursor_.fail_at(at, fmt::format("%{} is already defined", number));
    }
    cursor_.expect("=");
    values_.emplace(number, definition());
  }

  void output() {
    cursor_.skip_blanks();
    const std::size_t at = cursor_.position();
    const std::string name = cursor_.quoted("the name of the output");
    cursor_.expect("=");
    const Value value = reference();
    const Strides strides = written_strides();
    checked(at, [&] { graph_.output(name, value, strides); });
  }

  Value definition() {
    cursor_.skip_blanks();
    const std::size_t at = cursor_.position();
    const std::string_view name = cursor_.word();
    const std::optional<Op> op = op_from_name(name);
    if (!op.has_value()) cursor_.fail_at(at, fmt::format("there is no op '{}'", name));
    switch (*op) {
      case Op::input: return input(at);
      case Op::parameter:
      case Op::constant: return scalar(*op);
      case Op::iota: return iota();
      default: return call(at, info(*op));
    }
  }

  Value input(std::size_t at) {
    const std::string name = cursor_.quoted("the name of the input");
    const WrittenType written = type();
    const Strides strides = written_strides();
    const Value made =
        checked(at, [&] { return graph_.input(name, written.dtype, written.shape, strides); });
    if (cursor_.accept("donated")) graph_.donate(made);
    return made;
  }

  Value scalar(Op op) {
    cursor_.skip_blanks();
    const std::size_t at = cursor_.position();
    const double number = cursor_.number("a number");
    const WrittenType written = type();
    const Value value = make_scalar(at, number, op == Op::constant, written.dtype);
    check_type(value, written);
    return value;
  }

  Value iota() {
    cursor_.skip_blanks();
    const std::size_t at = cursor_.position();
    const std::int64_t axis = cursor_.signed_integer("an axis");
    const WrittenType written = type();
    const Value value =
        checked(at, [&] { return graph_.iota(written.dtype, written.shape, axis); });
    check_type(value, written);
    return value;
  }

  Value call(std::size_t at, const OpInfo& row) {
    std::array<WrittenOperand, kMaxOperands> operands;
    Attributes attributes;
    const std::size_t count = read_operands(at, row, operands, attributes);
    const std::optional<DType> dtype = dtype_of_numbers({operands.data(), count});
    std::array<Value, kMaxOperands> values;
    for (std::size_t i = 0; i < count; ++i) values[i] = made(operands[i], dtype);
    const WrittenType written = type();
    attributes.dtype = written.dtype;
    attributes.shape = written.shape;
    const Value value =
        checked(at, [&] { return Value::apply(row.op, {values.data(), count}, attributes); });
    check_type(value, written);
    return value;
  }

  /// Reads "(a, b, name=c, list=[1, 0])". Omitted attributes at the end have their defaults.
  std::size_t read_operands(std::size_t at, const OpInfo& row, std::span<WrittenOperand> operands,
                            Attributes& attributes) {
    const auto arity = static_cast<std::size_t>(row.arity);
    std::size_t count = 0;
    cursor_.expect("(");
    while (!cursor_.accept(")")) {
      if (count != 0) cursor_.expect(",");
      if (read_list(row, attributes) || read_table(row, attributes)) continue;
      if (count == arity) {
        cursor_.fail_here(fmt::format("{} takes {} operands", row.name, row.arity));
      }
      operands[count] = operand(row.operands[count]);
      ++count;
    }
    for (; count < arity; ++count) {
      const std::optional<double>& otherwise = row.operands[count].default_value;
      if (!otherwise.has_value()) break;
      operands[count] = {at, std::nullopt, *otherwise, false};
    }
    if (count != arity) {
      cursor_.fail_at(at, fmt::format("{} takes {} operands, not {}", row.name, row.arity, count));
    }
    return count;
  }

  /// Reads "axes=[1, 0]" if a list of `row` is next.
  bool read_list(const OpInfo& row, Attributes& attributes) {
    for (std::size_t i = 0; i < kMaxLists && !row.lists[i].empty(); ++i) {
      if (!cursor_.accept(row.lists[i])) continue;
      cursor_.expect("=");
      attributes.lists[i] = dims<Dims>("an integer");
      return true;
    }
    return false;
  }

  /// Reads "table=[0, 0.5, ...]" if it is next.
  bool read_table(const OpInfo& row, Attributes& attributes) {
    if (row.rule != DTypeRule::lookup || !cursor_.accept("table")) return false;
    cursor_.expect("=");
    cursor_.expect("[");
    LookupTable& table = attributes.table.emplace();
    for (double& number : table) {
      if (&number != table.data()) cursor_.expect(",");
      number = cursor_.number("one of 16 numbers");
    }
    cursor_.expect("]");
    return true;
  }

  WrittenOperand operand(const OperandInfo& expected) {
    cursor_.skip_blanks();
    const std::size_t name_at = cursor_.position();
    // A word may be the name of the operand, or a number such as inf.
    if (cursor_.accept(expected.name)) {
      cursor_.expect("=");
      cursor_.skip_blanks();
    }
    WrittenOperand written;
    written.position = cursor_.position();
    if (cursor_.accept("%")) {
      written.value = reference_after_percent(written.position);
      return written;
    }
    if (cursor_.accept("true") || cursor_.accept("false")) {
      cursor_.fail_at(written.position,
                      fmt::format("{} must be a number or a node, not a bool", expected.name));
    }
    written.constant = cursor_.accept("const");
    cursor_.skip_blanks();
    if (written.position == name_at && !written.constant) check_name(expected);
    written.number = cursor_.number("a number or a node such as %0");
    return written;
  }

  /// Reports `slope=0.1` as a wrong name instead of a missing number.
  void check_name(const OperandInfo& expected) {
    TextCursor ahead = cursor_;
    const std::string_view name = ahead.word();
    if (name.empty() || !ahead.accept("=")) return;
    cursor_.fail_here(
        fmt::format("there is no operand '{}' here; this operand is '{}'", name, expected.name));
  }

  Value reference() {
    cursor_.skip_blanks();
    const std::size_t at = cursor_.position();
    cursor_.expect("%");
    return reference_after_percent(at);
  }

  Value reference_after_percent(std::size_t at) {
    const std::uint64_t number = cursor_.integer("the number of a node");
    const auto found = values_.find(number);
    if (found == values_.end()) {
      cursor_.fail_at(at, fmt::format("%{} is not defined above", number));
    }
    return found->second;
  }

  WrittenType type() {
    cursor_.expect(":");
    cursor_.skip_blanks();
    WrittenType written;
    written.position = cursor_.position();
    const std::string_view name = cursor_.word();
    const std::optional<DType> dtype = dtype_from_name(name);
    if (!dtype.has_value()) {
      cursor_.fail_at(written.position, fmt::format("there is no dtype '{}'", name));
    }
    written.dtype = *dtype;
    written.shape = dims<Shape>("a length");
    return written;
  }

  Strides written_strides() {
    return cursor_.accept("strides") ? dims<Strides>("a stride") : Strides();
  }

  template <typename Kind>
  Kind dims(std::string_view what) {
    Kind result;
    cursor_.expect("[");
    while (!cursor_.accept("]")) {
      if (!result.empty()) cursor_.expect(",");
      const std::int64_t length = cursor_.signed_integer(what);
      checked(cursor_.position(), [&] { result.push_back(length); });
    }
    return result;
  }

  /// The dtype of numbers among `operands`: that of the first operand that is a node, but neither
  /// bool nor a scalar. The printer follows the same rule.
  std::optional<DType> dtype_of_numbers(std::span<const WrittenOperand> operands) const {
    for (const WrittenOperand& operand : operands) {
      if (!operand.value.has_value() || operand.value->dtype() == DType::boolean) continue;
      const Op op = graph_.node(operand.value->id()).op;
      if (op != Op::parameter && op != Op::constant) return operand.value->dtype();
    }
    return std::nullopt;
  }

  Value made(const WrittenOperand& operand, std::optional<DType> dtype) {
    if (operand.value.has_value()) return *operand.value;
    if (!dtype.has_value()) {
      cursor_.fail_at(operand.position,
                      "no other operand gives this number a dtype; write it as a node, "
                      "as in '%9 = parameter 0.5: f32[]'");
    }
    return make_scalar(operand.position, operand.number, operand.constant, *dtype);
  }

  Value make_scalar(std::size_t at, double number, bool constant, DType dtype) {
    return checked(at, [&] {
      return constant ? graph_.constant(number, dtype) : graph_.parameter(number, dtype);
    });
  }

  void check_type(const Value& value, const WrittenType& written) {
    if (value.dtype() == written.dtype && value.shape() == written.shape) return;
    cursor_.fail_at(
        written.position,
        fmt::format("written as {}{}, but it is {}{}", to_string(written.dtype),
                    to_string(written.shape), to_string(value.dtype()), to_string(value.shape())));
  }

  /// Calls `build`, and reports its errors at position `at` of the text.
  template <typename F>
  auto checked(std::size_t at, F build) -> decltype(build()) {
    try {
      return build();
    } catch (const Error& error) {
      if (detail::is_out_of_memory(error)) throw;
      cursor_.fail_at(at, error.what());
    }
  }

  TextCursor cursor_;
  Graph graph_;
  /// Nodes by number. Not a hash table, which an adversary's choice of numbers could make slow.
  std::map<std::uint64_t, Value> values_;
};

}  // namespace

Graph parse(std::string_view text) try {
  const detail::FloatEnvironment environment;
  return Parser(text).parse();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
