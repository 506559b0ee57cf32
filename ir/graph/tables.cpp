// The tables of dtypes and ops as data, from dtypes.def and ops.def.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <sinter/ir/dtype.h>
#include <sinter/ir/enum.h>
#include <sinter/ir/error.h>
#include <sinter/ir/op.h>

namespace sinter {
namespace {

constexpr DTypeInfo kDTypes[] = {
#define SINTER_DTYPE(name, text, kind, bytes, type) {DType::name, text, DTypeKind::kind, bytes},
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
};

/// Parses one operand of the names column of a row: "x", "min=" or "negative_slope=0.01".
OperandInfo operand_info(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {word, false, std::nullopt};
  OperandInfo operand{word.substr(0, equals), true, std::nullopt};
  const std::string_view value = word.substr(equals + 1);
  if (!value.empty()) {
    double number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    operand.default_value = number;
  }
  return operand;
}

/// Makes a row from its columns. In `names`, lists of integers follow all operands.
OpInfo op_info(Op op, std::string_view name, OpKind kind, DTypeRule rule, int arity,
               std::string_view names) {
  constexpr std::string_view kList = "[]";
  OpInfo row{op, name, kind, rule, arity, {}, {}};
  std::size_t operands = 0;
  std::size_t lists = 0;
  while (!names.empty()) {
    const std::string_view word = names.substr(0, names.find(' '));
    if (word.ends_with(kList))
      row.lists[lists++] = word.substr(0, word.size() - kList.size());
    else
      row.operands[operands++] = operand_info(word);
    names.remove_prefix(std::min(word.size() + 1, names.size()));
  }
  return row;
}

std::span<const OpInfo> op_table() {
  static const OpInfo table[] = {
#define SINTER_OP(name, kind, rule, arity, names) \
  op_info(Op::name, #name, OpKind::kind, DTypeRule::rule, arity, names),
#include <sinter/ir/ops.def>
#undef SINTER_OP
  };
  return table;
}

/// The row of enum value `key` in a table that is in the order of the enum. Throws Error for a
/// value beyond the table; `name` is the name of the enum in the message.
template <typename Row, typename Enum>
const Row& row_of(std::span<const Row> table, Enum key, std::string_view name) {
  const auto position = static_cast<std::size_t>(key);
  if (position < table.size()) return table[position];
  detail::refuse_enum(name, static_cast<int>(key), static_cast<int>(table.size()) - 1);
}

template <typename Row>
const Row* find_by_name(std::span<const Row> table, std::string_view name) {
  const auto row = std::ranges::find(table, name, &Row::name);
  return row == table.end() ? nullptr : &*row;
}

}  // namespace

void detail::refuse_enum(std::string_view name, int value, int last) {
  fail(ErrorCode::invalid_argument,
       fmt::format("{0}({1}): a {0} is one of 0 to {2}", name, value, last));
}

std::span<const DTypeInfo> all_dtypes() { return kDTypes; }
const DTypeInfo& info(DType dtype) { return row_of(all_dtypes(), dtype, "DType"); }
std::optional<DType> dtype_from_name(std::string_view name) {
  const DTypeInfo* row = find_by_name(all_dtypes(), name);
  return row == nullptr ? std::nullopt : std::optional(row->dtype);
}

std::span<const OpInfo> all_ops() { return op_table(); }
const OpInfo& info(Op op) { return row_of(all_ops(), op, "Op"); }
std::optional<Op> op_from_name(std::string_view name) {
  const OpInfo* row = find_by_name(all_ops(), name);
  return row == nullptr ? std::nullopt : std::optional(row->op);
}

}  // namespace sinter
