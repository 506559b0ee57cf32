// Writes the listing of every composite: one line for each node of its body, in recording order.
// Three abbreviations shorten a listing. Each stands for exactly one sequence of nodes, so the
// recording order can be read back:
//   a constant   is written inside its user if it was recorded right before that user
//   horner(...)  is a chain of fma
//   a composite  is the run of nodes that its own body records
#include "support/composites_document.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/text.h>

namespace sinter::test {
namespace {

constexpr std::size_t kColumns = 100;
/// Number of nodes of the shortest body that other listings abbreviate to a call.
constexpr std::size_t kLeastCall = 5;
constexpr std::string_view kHead =
    R"(# The primitives of every composite

This file is written by a test from the bodies in `ir/functions/`, and compared with them by every
build. Do not edit it; `tests/README.md` says how golden files are rewritten. What the primitives
mean, bit by bit, stands in [numerics.md](numerics.md).

A section lists the primitives of one composite for the dtypes that it names. The bodies of f16 and
bf16 are those of f32. Operands have their names, and the last line is the result unless a line
`result` says otherwise.

- `%3 = fma(%2, 0.5, x): f32` is one primitive: its operands, and the dtype of its result.
- A number is a constant. It has the dtype of the operands beside it that are neither numbers nor
  bool, and is the number of that dtype that is nearest to the decimal.
- `horner(x, c1, c2, c3, ..., cn)` stands for the primitives `p = fma(x, c1, c2)`, and then
  `p = fma(p, x, c)` for each c of c3, ..., cn in this order. The last p is its value.
- The name of another composite stands for the lines in the section of that composite.
- `lut16(%4, A)` looks up table A, which stands above the lines: entry `%4 mod 16`.
- A listing for several dtypes calls each of them T. I is the signed integer as wide as T.
)";

/// The body of one composite on one dtype.
struct Body {
  Op op{};
  DType dtype{};
  Graph graph;
  std::uint32_t first = 0;  ///< first node of the body; the operands precede it
  NodeId result;

  [[nodiscard]] std::uint32_t end() const {
    return static_cast<std::uint32_t>(graph.nodes().size());
  }
  [[nodiscard]] std::uint32_t size() const { return end() - first; }
};

std::vector<DType> dtypes_of(const OpInfo& row) {
  std::vector<DType> dtypes;
  for (const DTypeInfo& type : all_dtypes()) {
    const bool takes_floats = row.rule == DTypeRule::floating || row.rule == DTypeRule::recast;
    if (is_storage_float(type.dtype) || (takes_floats && !is_floating(type.dtype))) continue;
    if (type.dtype == DType::boolean && row.rule != DTypeRule::same) continue;
    dtypes.push_back(type.dtype);
  }
  return dtypes;
}

Body recorded(const OpInfo& row, DType dtype, CompositeBody body) {
  Body made{.op = row.op, .dtype = dtype, .graph = {}, .first = 0, .result = {}};
  std::vector<Value> operands;
  for (int i = 0; i < row.arity; ++i) {
    const OperandInfo& operand = row.operands[static_cast<std::size_t>(i)];
    operands.push_back(operand.attribute ? made.graph.parameter(2, dtype)
                                         : made.graph.input(operand.name, dtype, {2}));
  }
  made.first = made.end();
  made.result = body(row.op, operands).id();
  return made;
}

// --- A composite within another ------------------------------------------------------------------

/// A run of `callee->size()` nodes of a body that equals the body of another composite.
struct Call {
  const Body* callee = nullptr;
  std::vector<NodeId> operands;
};

/// Returns true if `node` equals `other`, apart from operands and shapes.
bool is_same_op(const Body& body, NodeId node, const Body& callee, NodeId other) {
  const Node& a = body.graph.node(node);
  const Node& b = callee.graph.node(other);
  if (a.op != b.op || a.dtype != b.dtype) return false;
  const LookupTable* table = body.graph.table(node);
  return table == nullptr ? a.payload == b.payload : *table == *callee.graph.table(other);
}

/// Returns true if a node in [begin, end - 1) is the result of `body` or is used from `end` on.
/// Only the last node of a call may be used outside the call.
bool is_used_outside(const Body& body, std::uint32_t begin, std::uint32_t end) {
  const auto is_inner = [&](NodeId id) { return id.index >= begin && id.index + 1 < end; };
  if (is_inner(body.result)) return true;
  for (std::uint32_t user = end; user < body.end(); ++user) {
    if (std::ranges::any_of(body.graph.node({user}).inputs(), is_inner)) return true;
  }
  return false;
}

std::optional<Call> call_at(const Body& body, std::uint32_t begin, const Body& callee) {
  const std::uint32_t end = begin + callee.size();
  if (end > body.end() || callee.result.index + 1 != callee.end()) return std::nullopt;
  std::vector<std::optional<NodeId>> given(callee.first);
  for (std::uint32_t i = 0; i < callee.size(); ++i) {
    const NodeId own{begin + i};
    const NodeId other{callee.first + i};
    if (!is_same_op(body, own, callee, other)) return std::nullopt;
    for (std::size_t k = 0; k < callee.graph.node(other).operand_count; ++k) {
      const NodeId from = callee.graph.node(other).operands[k];
      const NodeId to = body.graph.node(own).operands[k];
      const bool is_operand = from.index < callee.first;
      if (is_operand && !given[from.index].has_value() && to.index < begin) given[from.index] = to;
      const NodeId expected = is_operand ? given[from.index].value_or(NodeId{UINT32_MAX})
                                         : NodeId{from.index - callee.first + begin};
      if (to != expected) return std::nullopt;
    }
  }
  if (is_used_outside(body, begin, end)) return std::nullopt;
  Call call{&callee, {}};
  for (const std::optional<NodeId>& operand : given) {
    if (!operand.has_value()) return std::nullopt;
    call.operands.push_back(*operand);
  }
  return call;
}

/// Returns the longest call that begins at node `begin`. Of two equal bodies, the one of the later
/// row in the op table calls the earlier one.
std::optional<Call> longest_call(const Body& body, std::uint32_t begin,
                                 const std::vector<Body>& all) {
  std::optional<Call> longest;
  for (const Body& callee : all) {
    const bool is_smaller = std::pair(callee.size(), callee.op) < std::pair(body.size(), body.op);
    if (callee.dtype != body.dtype || callee.size() < kLeastCall || !is_smaller) continue;
    if (longest.has_value() && callee.size() <= longest->callee->size()) continue;
    if (std::optional<Call> call = call_at(body, begin, callee)) longest = std::move(call);
  }
  return longest;
}

// --- Listing -------------------------------------------------------------------------------------

/// Names of dtypes in a listing. In a generic listing, T is the body's own dtype and I the integer
/// of its width.
struct DTypeNames {
  DType own{};
  bool generic = false;

  [[nodiscard]] std::string operator()(DType dtype) const {
    const DType counterpart = own == DType::f64 ? DType::i64 : DType::i32;
    if (generic && dtype == own) return "T";
    if (generic && is_floating(own) && dtype == counterpart) return "I";
    return std::string(to_string(dtype));
  }
};

/// Breaks a line after commas so that no part has more than kColumns columns.
std::string wrapped(std::string line) {
  std::string text;
  while (line.size() > kColumns) {
    const std::size_t comma = line.rfind(", ", kColumns - 2);
    text += line.substr(0, comma + 1) + "\n";
    line = "          " + line.substr(comma + 2);
  }
  return text + line + "\n";
}

/// Returns the shortest decimal that reads back to the same number of `dtype`.
std::string number_text(double value, DType dtype) {
  if (is_integer(dtype)) return std::to_string(static_cast<std::int64_t>(value));
  if (dtype != DType::f32 || !std::isfinite(value)) return to_text(value);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), static_cast<float>(value)).ptr;
  return {text.begin(), end};
}

std::string number_text(const Node& constant) {
  return number_text(std::bit_cast<double>(constant.payload), constant.dtype);
}

class Listing {
 public:
  Listing(const Body& body, const std::vector<Body>& all, DTypeNames names)
      : body_(body), names_(names), uses_(body.end()), lines_(body.end()) {
    for (const Node& node : body.graph.nodes()) {
      for (NodeId operand : node.inputs()) ++uses_[operand.index];
    }
    ++uses_[body.result.index];
    for (std::uint32_t i = body.first; i < body.end(); ++i) lines_[i].shown = true;
    for (std::uint32_t i = body.first; i < body.end(); ++i) {
      lines_[i].call = longest_call(body, i, all);
      if (!lines_[i].call.has_value()) continue;
      // A call is written on the line of its last node.
      const std::uint32_t last = i + lines_[i].call->callee->size() - 1;
      std::swap(lines_[i].call, lines_[last].call);
      for (; i < last; ++i) lines_[i].shown = false;
    }
    for (std::uint32_t i = body.first; i < body.end(); ++i) take_constants(i);
    for (std::uint32_t i = body.first; i < body.end(); ++i) take_chain(i);
    int next = 1;
    for (Line& line : lines_) {
      if (line.shown) line.number = next++;
    }
  }

  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < body_.graph.tables().size(); ++i) {
      text += table_text(static_cast<char>('A' + i), body_.graph.tables()[i]);
    }
    for (std::uint32_t i = body_.first; i < body_.end(); ++i) {
      if (!lines_[i].shown) continue;
      text += wrapped(fmt::format("    %{} = {}: {}", lines_[i].number, call_text({i}),
                                  names_(body_.graph.node({i}).dtype)));
    }
    if (body_.result.index + 1 != body_.end() || body_.size() == 0) {
      text += "    result " + operand_text(body_.result) + "\n";
    }
    return text;
  }

 private:
  struct Line {
    bool shown = false;
    int number = 0;
    std::optional<Call> call;
    std::vector<NodeId> chain;  ///< fma nodes of the chain that ends here
  };

  /// Hides the lines of constants that were recorded right before `user`, their only user, in the
  /// order of its operands.
  void take_constants(std::uint32_t user) {
    const Node& node = body_.graph.node({user});
    if (!lines_[user].shown || lines_[user].call.has_value()) return;
    const auto is_constant = [&](NodeId id) {
      return body_.graph.node(id).op == Op::constant && uses_[id.index] == 1;
    };
    // The reader must be able to tell the dtype of a number from another operand.
    const auto tells_dtype = [&](NodeId id) {
      return !is_constant(id) && body_.graph.node(id).dtype != DType::boolean;
    };
    if (std::ranges::none_of(node.inputs(), tells_dtype)) return;
    std::uint32_t expected = user;
    for (std::size_t i = node.operand_count; i-- > 0;) {
      const NodeId operand = node.operands[i];
      if (!is_constant(operand)) continue;
      if (operand.index != --expected) return;
      lines_[operand.index].shown = false;
    }
  }

  [[nodiscard]] bool is_number(NodeId id) const {
    return body_.graph.node(id).op == Op::constant && !lines_[id.index].shown;
  }
  [[nodiscard]] bool is_plain_fma(NodeId id) const {
    return id.index >= body_.first && body_.graph.node(id).op == Op::fma &&
           lines_[id.index].shown && !lines_[id.index].call.has_value();
  }

  /// Returns true if `next` is fma(`last`, x, number), where x is the variable of the polynomial.
  [[nodiscard]] bool continues(NodeId last, NodeId next) const {
    if (!is_plain_fma(next) || uses_[last.index] != 1) return false;
    const auto& operands = body_.graph.node(next).operands;
    const NodeId x = body_.graph.node(last).operands[lines_[last.index].chain.empty() ? 0 : 1];
    // Only the constant of `next` may be recorded between the two nodes.
    return operands[0] == last && operands[1] == x && is_number(operands[2]) &&
           operands[2].index == last.index + 1 && next.index == last.index + 2;
  }

  void take_chain(std::uint32_t id) {
    const auto& operands = body_.graph.node({id}).operands;
    if (!is_plain_fma({id}) || !is_number(operands[1]) || !is_number(operands[2])) return;
    NodeId last{id};
    for (NodeId next{id + 2}; next.index < body_.end() && continues(last, next);
         last = next, next.index += 2) {
      std::vector<NodeId> chain = std::exchange(lines_[last.index].chain, {});
      if (chain.empty()) chain.push_back(last);
      chain.push_back(next);
      lines_[last.index].shown = false;
      lines_[next.index].chain = std::move(chain);
    }
  }

  [[nodiscard]] std::string operand_text(NodeId id) const {
    if (id.index < body_.first) return std::string(info(body_.op).operands[id.index].name);
    if (is_number(id)) return number_text(body_.graph.node(id));
    return fmt::format("%{}", lines_[id.index].number);
  }

  [[nodiscard]] std::string operands_text(std::span<const NodeId> ids) const {
    std::string text;
    for (NodeId id : ids) text += (text.empty() ? "" : ", ") + operand_text(id);
    return text;
  }

  [[nodiscard]] std::string call_text(NodeId id) const {
    const Node& node = body_.graph.node(id);
    const Line& line = lines_[id.index];
    if (line.call.has_value()) {
      return fmt::format("{}({})", to_string(line.call->callee->op),
                         operands_text(line.call->operands));
    }
    if (!line.chain.empty()) {
      std::string text = "horner(" + operands_text(body_.graph.node(line.chain[0]).inputs());
      for (NodeId step : std::span(line.chain).subspan(1)) {
        text += ", " + operand_text(body_.graph.node(step).operands[2]);
      }
      return text + ")";
    }
    if (node.op == Op::constant) return "constant " + number_text(node);
    std::string text = fmt::format("{}({}", to_string(node.op), operands_text(node.inputs()));
    if (node.op == Op::lut16) text += fmt::format(", {}", static_cast<char>('A' + node.payload));
    return text + ")";
  }

  /// Formats a lookup table with four entries a line.
  [[nodiscard]] std::string table_text(char name, const LookupTable& table) const {
    std::string text;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (i % 4 == 0) text += i == 0 ? fmt::format("    {} = [", name) : "\n         ";
      text += number_text(table[i], body_.dtype);
      text += i + 1 == table.size() ? "]\n" : i % 4 == 3 ? "," : ", ";
    }
    return text;
  }

  const Body& body_;
  const DTypeNames names_;
  std::vector<int> uses_;
  std::vector<Line> lines_;  ///< by node
};

// --- Document ------------------------------------------------------------------------------------

/// Returns a signature such as "leaky_relu(x, negative_slope=0.01)".
std::string signature(const OpInfo& row) {
  std::string text;
  for (int i = 0; i < row.arity; ++i) {
    const OperandInfo& operand = row.operands[static_cast<std::size_t>(i)];
    if (i != 0) text += ", ";
    text += operand.name;
    if (operand.default_value.has_value()) text += "=" + to_text(*operand.default_value);
  }
  return fmt::format("{}({})", row.name, text);
}

/// Returns the section of one composite. Dtypes whose listings differ only in the name of the dtype
/// share one listing.
std::string section(const OpInfo& row, const std::vector<Body>& all) {
  struct Group {
    std::string generic;
    std::vector<const Body*> bodies;
  };
  std::vector<Group> groups;
  for (const Body& body : all) {
    if (body.op != row.op) continue;
    std::string generic = Listing(body, all, {body.dtype, true}).text();
    const auto known = std::ranges::find(groups, generic, &Group::generic);
    Group& group = known != groups.end() ? *known : groups.emplace_back(std::move(generic));
    group.bodies.push_back(&body);
  }
  std::string text = fmt::format("\n## {}\n", signature(row));
  for (const Group& group : groups) {
    std::string dtypes;
    for (const Body* body : group.bodies) {
      dtypes += (dtypes.empty() ? "" : ", ") + std::string(to_string(body->dtype));
    }
    const Body& first = *group.bodies[0];
    const bool generic = group.bodies.size() > 1;
    text += fmt::format("\n{}:\n\n{}", dtypes,
                        generic ? group.generic : Listing(first, all, {first.dtype, false}).text());
  }
  return text;
}

}  // namespace

std::string composites_document(CompositeBody body) {
  std::vector<Body> all;
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::composite) continue;
    for (DType dtype : dtypes_of(row)) all.push_back(recorded(row, dtype, body));
  }
  std::string text(kHead);
  for (const OpInfo& row : all_ops()) {
    if (row.kind == OpKind::composite) text += section(row, all);
  }
  return text;
}

}  // namespace sinter::test
