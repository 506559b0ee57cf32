#include "cuda/text.h"

#include <fmt/format.h>

#include <sinter/ir/assert.h>

#include "loops/index_table.h"

namespace sinter::detail {

namespace {

/// [index] true if it gets a name; text.h says which do.
std::vector<bool> find_named(const LoopNest& nest) {
  std::vector<int> uses(nest.indices.size());
  std::vector<bool> varies;  // [index] true if it depends on a loop variable
  std::vector<bool> hoisted(nest.indices.size());
  for_each_index(nest.body, [&](IndexId id) { ++uses[id.index]; });
  for (const Index& index : nest.indices) {
    std::vector<IndexId> operands;
    if (operand_count(index.op) > 0) operands.push_back(index.a);
    if (operand_count(index.op) > 1) operands.push_back(index.b);
    bool own = index.op == IndexOp::variable;
    for (IndexId operand : operands) own = own || varies[operand.index];
    for (IndexId operand : operands) {
      ++uses[operand.index];
      if (own && !varies[operand.index]) hoisted[operand.index] = true;
    }
    varies.push_back(own);
  }
  std::vector<bool> named;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const bool composed = operand_count(nest.indices[i].op) > 0;
    named.push_back(composed && (uses[i] > 1 || hoisted[i]));
  }
  return named;
}

}  // namespace

CudaText::CudaText(const LoopNest& nest)
    : nest_(nest),
      named_(find_named(nest)),
      texts_(nest.indices.size()),
      names_(nest.indices.size()) {}

void CudaText::open(const std::string& head) {
  line(head.empty() ? "{" : head + " {");
  ++depth_;
}

void CudaText::close() {
  --depth_;
  line("}");
}

std::vector<bool> CudaText::needed(const Block& block, const std::vector<Limit>& limits) const {
  std::vector<bool> needed(nest_.indices.size());
  for_each_index(block, [&](IndexId id) { needed[id.index] = true; });
  for (const Limit& limit : limits) needed[limit.place.index] = needed[limit.end.index] = true;
  for (std::size_t i = needed.size(); i-- > 0;) {
    const Index& index = nest_.indices[i];
    if (!needed[i]) continue;
    if (operand_count(index.op) > 0) needed[index.a.index] = true;
    if (operand_count(index.op) > 1) needed[index.b.index] = true;
  }
  return needed;
}

void CudaText::define(const std::vector<bool>& needed) {
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const Index& index = nest_.indices[i];
    if (!needed[i] || !texts_[i].empty() || !ready(index)) continue;
    texts_[i] = expression(index);
    if (!named(i)) continue;
    if (names_[i].empty()) names_[i] = fmt::format("t{}", next_name_++);
    line(fmt::format("const {} {} = {};", index_type(), names_[i], texts_[i]));
    texts_[i] = names_[i];
  }
}

void CudaText::define_digits(std::span<const Digit> digits, const std::string& place,
                             const std::vector<bool>& needed) {
  std::string rest = place;
  for (std::size_t i = digits.size(); i-- > 0;) {
    const auto [variable, radix] = digits[i];
    const std::string& name = name_variable(variable);
    if (needed[variable.index]) {
      const std::string modulo = i > 0 ? fmt::format(" % {}", term(radix)) : "";
      line(fmt::format("const {} {} = {}{};", index_type(), name, rest, modulo));
    }
    rest += fmt::format(" / {}", term(radix));
  }
}

const std::string& CudaText::name_variable(IndexId variable) {
  return texts_[variable.index] = fmt::format("i{}", nest_.index(variable).immediate);
}

/// True if all operands of the index have a text.
bool CudaText::ready(const Index& index) const {
  if (index.op == IndexOp::variable) return false;
  const int operands = operand_count(index.op);
  return (operands < 1 || !text(index.a).empty()) && (operands < 2 || !text(index.b).empty());
}

std::string CudaText::term(IndexId id) const {
  const bool composed = operand_count(nest_.index(id).op) > 0 && !named(id.index);
  return composed ? fmt::format("({})", text(id)) : text(id);
}

std::string CudaText::summand(IndexId id) const {
  const IndexOp op = nest_.index(id).op;
  return op == IndexOp::add || op == IndexOp::mul ? text(id) : term(id);
}

std::string CudaText::expression(const Index& index) const {
  const std::int64_t number = index.immediate;
  switch (index.op) {
    case IndexOp::constant: return fmt::format("{}", number);
    case IndexOp::extent: return fmt::format("n{}", number);
    case IndexOp::stride: return fmt::format("s{}_{}", number / nest_.rank, number % nest_.rank);
    case IndexOp::add: return fmt::format("{} + {}", summand(index.a), summand(index.b));
    case IndexOp::sub: return fmt::format("{} - {}", summand(index.a), term(index.b));
    case IndexOp::mul: {
      const bool product = nest_.index(index.a).op == IndexOp::mul;
      return fmt::format("{} * {}", product ? text(index.a) : term(index.a), term(index.b));
    }
    case IndexOp::min:
      return fmt::format("{0} < {1} ? {0} : {1}", summand(index.a), summand(index.b));
    case IndexOp::blocks: {
      return fmt::format("({} + {}) / {}", summand(index.a), number - 1, number);
    }
    case IndexOp::round_down: return fmt::format("{} & -{}", term(index.a), number);
    case IndexOp::aligned: {
      const bool whole = nest_.index(index.a) == Index{};
      const std::string at = whole ? fmt::format("a{}", index.argument)
                                   : fmt::format("(a{} + {})", index.argument, summand(index.a));
      return fmt::format("(unsigned long long){} % {} == 0", at, number);
    }
    case IndexOp::begin:
    case IndexOp::end:
    case IndexOp::max:
    case IndexOp::div:
    case IndexOp::to_alignment:
    case IndexOp::distinct:
    case IndexOp::variable: break;
  }
  SINTER_ASSERT(false, "a nest for a GPU has no range, and variables have their loops' names");
  return {};
}

}  // namespace sinter::detail
