// A plan as text: for each kernel the buffers it reads and writes and its ops, then every stored
// value with the rule that made it so, and what that costs and saves by the cost model.
#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

#include "cost.h"

namespace sinter {
namespace {

using detail::computed_with;
using detail::CostModel;

std::string_view reason(CutRule rule) {
  switch (rule) {
    case CutRule::output: return "the user asked for it";
    case CutRule::operations: return "its kernel was full of ops";
    case CutRule::arguments: return "its kernel was full of buffers";
    case CutRule::broadcast: return "cheaper than computing it for every row that reads it";
    case CutRule::unfused: return "fusion is off";
    case CutRule::view: return "it is read in another order";
    case CutRule::concat: return "parts of a concat are written next to each other";
    case CutRule::product:
      return "a product would compute it again, or is read otherwise than element by element";
    case CutRule::reduction: return "its readers wait for a reduction, or reduce something else";
    case CutRule::order: return "its readers come later, for other data that they read";
  }
  return "";
}

class PlanPrinter {
 public:
  explicit PlanPrinter(const Plan& plan)
      : plan_(plan),
        cost_(plan.graph, PlanLimits()),
        readers_(plan.buffers.size()),
        stored_(plan.graph.nodes().size()) {
    for (const PlanBuffer& buffer : plan.buffers) stored_[buffer.node.index] = true;
    for (const PlanKernel& kernel : plan.kernels) {
      for (const PlanOperand& input : kernel.inputs) {
        readers_[input.buffer.index].push_back(&space(kernel.body));
      }
    }
  }

  std::string run() && {
    add("sinter plan 1\n{} kernels, {} bytes of workspace\n", plan_.kernels.size(),
        plan_.workspace_bytes);
    for (std::size_t k = 0; k < plan_.kernels.size(); ++k) add_kernel(k);
    add("\nstored values\n");
    for (const PlanBuffer& buffer : plan_.buffers) {
      if (buffer.kind != PlanBuffer::Kind::input) add_stored(buffer);
    }
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void add_kernel(std::size_t k) {
    const PlanKernel& kernel = plan_.kernels[k];
    const Shape& shape = space(kernel.body);
    add("\nkernel {}: {} ops over {}\n", k, operations(kernel.body), to_string(shape));
    for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
      add("  reads i{} = {}\n", i, describe(kernel.inputs[i]));
    }
    for (std::size_t i = 0; i < kernel.outputs.size(); ++i) {
      add("  writes o{} = {}\n", i, describe(kernel.outputs[i]));
    }
    for (std::size_t i = 0; i < kernel.parameters.size(); ++i) {
      add("  takes ${} = parameter {} of the graph\n", i, kernel.parameters[i]);
    }
    add_body(kernel.body);
  }

  /// The shape of the largest output.
  static const Shape& space(const Graph& body) {
    const auto elements = [&body](const GraphOutput& output) {
      return body.shape(output.node).elements();
    };
    return body.shape(std::ranges::max_element(body.outputs(), {}, elements)->node);
  }

  static std::size_t operations(const Graph& body) {
    std::size_t count = 0;
    for (const Node& node : body.nodes()) count += info(node.op).kind == OpKind::leaf ? 0 : 1;
    return count;
  }

  /// The lines of the graph's text but for its header, indented.
  void add_body(const Graph& body) {
    const std::string text = print(body, {.parameter_names = true});
    std::string_view rest = text;
    for (bool header = true; !rest.empty(); header = false) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      if (!header) add("    {}", line);
      rest.remove_prefix(line.size());
    }
  }

  [[nodiscard]] std::string describe(const PlanOperand& operand) const {
    const std::string buffer = describe(plan_.buffers[operand.buffer.index]);
    return operand.offset == 0 ? buffer
                               : fmt::format("{}, from element {}", buffer, operand.offset);
  }

  [[nodiscard]] std::string describe(const PlanBuffer& buffer) const {
    std::string strides;
    if (!buffer.strides.empty()) strides = " strides " + to_string(buffer.strides);
    return fmt::format("{}: {}{}{}, {} bytes", name(buffer), to_string(buffer.dtype),
                       to_string(buffer.shape), strides,
                       buffer.shape.elements() * info(buffer.dtype).bytes);
  }

  [[nodiscard]] std::string name(const PlanBuffer& buffer) const {
    switch (buffer.kind) {
      case PlanBuffer::Kind::input:
        return fmt::format("input {:?}", plan_.graph.inputs()[buffer.position].name);
      case PlanBuffer::Kind::output:
        return fmt::format("output {:?}", plan_.graph.outputs()[buffer.position].name);
      case PlanBuffer::Kind::temporary: break;
    }
    // Temporaries come last among the buffers and are counted from 0.
    const auto index = static_cast<std::size_t>(&buffer - plan_.buffers.data());
    return fmt::format("temporary {}",
                       index - plan_.graph.inputs().size() - plan_.graph.outputs().size());
  }

  void add_stored(const PlanBuffer& buffer) {
    add("  {}", describe(buffer));
    const bool temporary = buffer.kind == PlanBuffer::Kind::temporary;
    if (temporary) add(" at offset {}", buffer.offset);
    if (buffer.within) add(" of {}", name(plan_.buffers[buffer.within->index]));
    add(", the result of {}; rule {}: {}", to_string(plan_.graph.node(buffer.node).op),
        to_string(buffer.rule), reason(buffer.rule));
    if (temporary) add_price(buffer);
    add("\n");
  }

  /// What the cut costs, and what it saves where readers would compute the value again.
  void add_price(const PlanBuffer& buffer) {
    const auto& readers = readers_[static_cast<std::size_t>(&buffer - plan_.buffers.data())];
    const auto elements = static_cast<double>(buffer.shape.elements());
    const double moves = 1 + static_cast<double>(readers.size());
    add("; moves {} bytes", elements * info(buffer.dtype).bytes * moves);
    double again = -elements;  // once it is computed anyway
    for (const Shape* reader : readers) again += computed_with(buffer.shape, *reader);
    const double saved = again * recomputed(buffer.node);
    if (saved > 0) add(", saves {} operations", saved);
  }

  /// Operations per element between a value and what is in memory; of a few ops.
  [[nodiscard]] int recomputed(NodeId value) const {
    constexpr std::size_t kMaxOps = 256;
    std::vector<NodeId> cone{value};
    std::unordered_set<std::uint32_t> known{value.index};
    int total = 0;
    for (std::size_t i = 0; i < std::min(cone.size(), kMaxOps); ++i) {
      total += cost_.operations(cone[i]);
      for (NodeId operand : plan_.graph.node(cone[i]).inputs()) {
        if (stored_[operand.index] || !known.insert(operand.index).second) continue;
        cone.push_back(operand);
      }
    }
    return total;
  }

  const Plan& plan_;
  const CostModel cost_;
  std::vector<std::vector<const Shape*>> readers_;  // by buffer: what its readers range over
  std::vector<bool> stored_;                        // by node
  std::string out_;
};

}  // namespace

std::string print(const Plan& plan) { return PlanPrinter(plan).run(); }

}  // namespace sinter
