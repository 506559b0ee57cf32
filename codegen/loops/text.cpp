// Prints a nest as text: one line per statement, with index expressions where they are used.
//
// An expression that is used more than once has a name, t0, t1, ..., and a line of its own. The
// line stands where the expression's last variable gets its value, which is where an emitter
// computes it.
#include <bit>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/codegen/loop_nest.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/text.h>

#include "loops/enums.h"
#include "loops/index_table.h"

namespace sinter {
namespace {

class Printer {
 public:
  explicit Printer(const LoopNest& nest);
  [[nodiscard]] std::string print();

 private:
  void count_uses();
  [[nodiscard]] bool named(std::size_t index) const;
  [[nodiscard]] bool ready(const Index& index) const;
  [[nodiscard]] std::string expression(const Index& index) const;
  [[nodiscard]] std::string factor(IndexId id) const;
  [[nodiscard]] const std::string& text(IndexId id) const { return texts_[id.index]; }
  [[nodiscard]] std::string value(ValueId id) const {
    return fmt::format("v{}: {}", id.index, to_string(nest_.dtype(id)));
  }

  void line(const std::string& text) { out_ += std::string(2 * depth_, ' ') + text + "\n"; }
  void head();
  void define_indices();
  void block(const Block& statements, const Loop* of = nullptr);
  void limits(const Loop& loop);
  void statement(const Loop& loop);
  void statement(const Load& load);
  void statement(const Store& store);
  void statement(const Compute& compute);
  void statement(const Count& count);
  void statement(const Transpose& transpose);
  void statement(const Fold& fold);
  void statement(const Barrier&) { line("barrier"); }

  const LoopNest& nest_;
  std::vector<int> uses_;           // [index] number of uses in statements and other indices
  std::vector<std::string> texts_;  // [index] empty until its variables have values
  std::size_t depth_ = 0;
  std::size_t names_ = 0;
  std::string out_;
};

Printer::Printer(const LoopNest& nest)
    : nest_(nest), uses_(nest.indices.size()), texts_(nest.indices.size()) {
  count_uses();
}

void Printer::count_uses() {
  detail::for_each_index(nest_.body, [this](IndexId id) { ++uses_[id.index]; });
  for (const Index& index : nest_.indices) {
    const int operands = detail::operand_count(index.op);
    if (operands > 0) ++uses_[index.a.index];
    if (operands > 1) ++uses_[index.b.index];
  }
}

bool Printer::named(std::size_t index) const {
  return uses_[index] > 1 && detail::operand_count(nest_.indices[index].op) > 0;
}

/// True if the operands of the index have a text.
bool Printer::ready(const Index& index) const {
  if (index.op == IndexOp::variable) return false;
  const int operands = detail::operand_count(index.op);
  return (operands < 1 || !text(index.a).empty()) && (operands < 2 || !text(index.b).empty());
}

/// Returns the text of an operand of `*` or `/`, or of the right operand of `-`. Sums and
/// differences without a name are in parentheses.
std::string Printer::factor(IndexId id) const {
  const IndexOp op = nest_.index(id).op;
  const bool sum = (op == IndexOp::add || op == IndexOp::sub) && !named(id.index);
  return sum ? fmt::format("({})", text(id)) : text(id);
}

std::string Printer::expression(const Index& index) const {
  const std::int64_t number = index.immediate;
  switch (index.op) {
    case IndexOp::constant: return fmt::format("{}", number);
    case IndexOp::begin: return "begin";
    case IndexOp::end: return "end";
    case IndexOp::extent: return fmt::format("n{}", number);
    case IndexOp::stride:
      return fmt::format("stride(a{}, {})", number / nest_.rank, number % nest_.rank);
    case IndexOp::variable: return fmt::format("i{}", number);
    case IndexOp::add: return fmt::format("{} + {}", text(index.a), text(index.b));
    case IndexOp::sub: return fmt::format("{} - {}", text(index.a), factor(index.b));
    case IndexOp::mul: return fmt::format("{} * {}", factor(index.a), factor(index.b));
    case IndexOp::min: return fmt::format("min({}, {})", text(index.a), text(index.b));
    case IndexOp::max: return fmt::format("max({}, {})", text(index.a), text(index.b));
    case IndexOp::div: return fmt::format("{} / {}", factor(index.a), factor(index.b));
    case IndexOp::round_down: return fmt::format("round_down({}, {})", text(index.a), number);
    case IndexOp::blocks: return fmt::format("blocks({}, {})", text(index.a), number);
    case IndexOp::to_alignment:
      return fmt::format("to_alignment(a{}[{}], {})", index.argument, text(index.a), number);
    case IndexOp::aligned:
      return fmt::format("aligned(a{}[{}], {})", index.argument, text(index.a), number);
    case IndexOp::distinct: return fmt::format("distinct(a{}, a{})", index.argument, number);
  }
  return {};
}

/// Gives a text to every index whose variables have values now. Prints the definition of each index
/// that has a name.
void Printer::define_indices() {
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const Index& index = nest_.indices[i];
    if (!texts_[i].empty() || !ready(index)) continue;
    texts_[i] = expression(index);
    if (!named(i)) continue;
    const std::string name = fmt::format("t{}", names_++);
    line(fmt::format("{} = {}", name, texts_[i]));
    texts_[i] = name;
  }
}

void Printer::head() {
  std::vector<std::string> arguments;
  arguments.reserve(nest_.arguments.size());
  for (const Argument& argument : nest_.arguments) {
    const std::string local = fmt::format(" local {}", argument.local);
    arguments.push_back(fmt::format("a{}: {}{}{}", arguments.size(), to_string(argument.dtype),
                                    argument.output ? " out" : "",
                                    argument.local == 0 ? "" : local));
  }
  std::vector<std::string> parameters;
  parameters.reserve(nest_.parameter_dtypes.size());
  for (DType dtype : nest_.parameter_dtypes) {
    parameters.push_back(fmt::format("${}: {}", parameters.size(), to_string(dtype)));
  }
  const std::string scratch = fmt::format(", {} bytes of scratch", scratch_bytes(nest_));
  line(fmt::format("kernel({}{}{}) rank {}{}{}", fmt::join(arguments, ", "),
                   parameters.empty() ? "" : "; ", fmt::join(parameters, ", "), nest_.rank,
                   nest_.index_bits == 32 ? ", 32-bit indices" : "",
                   nest_.locals_in_scratch ? scratch : ""));
  for (std::size_t i = 0; i < nest_.tables.size(); ++i) {
    line(fmt::format("  table {} = {}", i, to_text(nest_.tables[i])));
  }
}

void Printer::block(const Block& statements, const Loop* of) {
  ++depth_;
  define_indices();
  if (of != nullptr) limits(*of);
  for (const Statement& one : statements) {
    std::visit([this](const auto& typed) { statement(typed); }, one);
  }
  --depth_;
}

std::string_view name(LoopKind kind) {
  switch (kind) {
    case LoopKind::parallel: return "parallel";
    case LoopKind::serial: return "serial";
    case LoopKind::vector: return "vector";
    case LoopKind::block: return "block";
    case LoopKind::team: return "team";
    case LoopKind::thread: return "thread";
  }
  return {};
}

/// Returns the text of what an iteration covers, and by how many threads.
std::string step(const Loop& loop) {
  switch (loop.kind) {
    case LoopKind::parallel:
    case LoopKind::serial: return "";
    case LoopKind::vector: return fmt::format(" by {} x {}", loop.unroll, loop.lanes);
    case LoopKind::block: return fmt::format(" by {}, {} threads", loop.tile, loop.threads);
    case LoopKind::team: return fmt::format(", {} threads each", loop.threads);
    case LoopKind::thread:
      return fmt::format(" by {} x {} x {}", loop.unroll, loop.threads, loop.lanes);
  }
  return {};
}

void Printer::limits(const Loop& loop) {
  for (const auto& [place, end, by_lane] : loop.limits) {
    line(fmt::format("where {}{} < {}", text(place), by_lane ? ", by lane," : "", text(end)));
  }
}

void Printer::statement(const Loop& loop) {
  std::vector<std::string> digits;
  texts_[loop.variable.index] = expression(nest_.index(loop.variable));
  for (const Digit& digit : loop.digits) {
    texts_[digit.variable.index] = expression(nest_.index(digit.variable));
    digits.push_back(fmt::format("{} < {}", text(digit.variable), text(digit.radix)));
  }
  const std::string range =
      fmt::format("{} in [{}, {})", text(loop.variable), text(loop.from), text(loop.to));
  const std::string counted =
      digits.empty() ? "" : fmt::format(" as ({})", fmt::join(digits, ", "));
  line(fmt::format("{} {}{}{}{}{}{}{}:", name(loop.kind), range, step(loop),
                   loop.interleaved ? ", interleaved" : "", loop.masked ? ", masked" : "",
                   loop.once ? ", once" : "",
                   loop.ahead > 1 ? fmt::format(", {} ahead", loop.ahead) : "", counted));
  ++depth_;
  for (const Carry& carry : loop.carried) {
    line(
        fmt::format("{} = v{}, then v{}", value(carry.value), carry.first.index, carry.next.index));
  }
  --depth_;
  block(loop.body, &loop);
  for (const Carry& carry : loop.carried) {
    line(fmt::format("{} = the last v{}", value(carry.result), carry.value.index));
  }
}

void Printer::statement(const Load& load) {
  std::string lanes;
  if (load.lanes == LaneStride::uniform) lanes = " uniform";
  if (load.lanes == LaneStride::reversed) lanes = " reversed";
  if (load.lanes == LaneStride::strided) lanes = fmt::format(" by {}", text(load.lane_stride));
  if (load.prefetch > 0) lanes += fmt::format(", {} bytes ahead", load.prefetch);
  line(fmt::format("{} = load a{}[{}]{}", value(load.result), load.argument, text(load.offset),
                   lanes));
}

void Printer::statement(const Store& store) {
  std::string lanes;
  if (store.lanes == LaneStride::reversed) lanes = " reversed";
  if (store.lanes == LaneStride::strided) lanes = fmt::format(" by {}", text(store.lane_stride));
  line(fmt::format("store{}{} a{}[{}]{} = v{}", store.streaming ? " streaming" : "",
                   store.whole ? " whole" : "", store.argument, text(store.offset), lanes,
                   store.value.index));
}

void Printer::statement(const Compute& compute) {
  std::vector<std::string> operands;
  for (ValueId operand : compute.inputs()) operands.push_back(fmt::format("v{}", operand.index));
  if (compute.op == Op::constant) {
    operands.push_back(to_text(std::bit_cast<double>(compute.payload)));
  }
  if (compute.op == Op::parameter) operands.push_back(fmt::format("${}", compute.payload));
  if (compute.op == Op::lut16) operands.push_back(fmt::format("table {}", compute.payload));
  line(fmt::format("{} = {} {}", value(compute.result), to_string(compute.op),
                   fmt::join(operands, ", ")));
}

void Printer::statement(const Count& count) {
  line(fmt::format("{} = count from {}{}", value(count.result), text(count.from),
                   count.lanes == LaneStride::contiguous ? ", by lane" : ""));
}

void Printer::statement(const Transpose& transpose) {
  line(fmt::format("transpose a{}[{}] by {} into a{}[{}], {} x {}, by {}", transpose.argument,
                   text(transpose.offset), text(transpose.stride), transpose.local,
                   text(transpose.to), transpose.side, transpose.side, transpose.lanes));
}

void Printer::statement(const Fold& fold) {
  line(fmt::format("{} = fold {} v{}", value(fold.result), to_string(fold.op), fold.value.index));
}

std::string Printer::print() {
  head();
  block(nest_.body);
  return std::move(out_);
}

}  // namespace

std::string print(const LoopNest& nest) try {
  const detail::FloatEnvironment environment;
  detail::check_enums(nest);
  return Printer(nest).print();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
