// A plan as text: for each kernel its ops and the buffers that it reads and writes; then every
// stored value with the rule that stores it, and what storing it moves and saves.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/text.h>

#include "plan/cost.h"
#include "plan/live_values.h"
#include "plan/names.h"

namespace sinter {
namespace {

using detail::computed_with;
using detail::CostModel;
using detail::is_leaf;

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
      return "a product would compute it repeatedly, or it is a product not read elementwise";
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
        kept_(plan.buffers.size()),
        stored_(plan.graph.nodes().size()) {
    for (const PlanBuffer& buffer : plan.buffers) stored_[buffer.node.index] = true;
    for (std::uint32_t k = 0; k < plan.kernels.size(); ++k) {
      for (const PlanOperand& input : plan.kernels[k].inputs) {
        readers_[input.buffer.index].push_back(&space(plan.kernels[k].body));
        kept_[input.buffer.index].last = k;
      }
      for (const PlanOperand& output : plan.kernels[k].outputs) {
        Kept& kept = kept_[output.buffer.index];
        kept.first = std::exchange(kept.written, true) ? kept.first : k;
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
    add_donated();
    add_repeats();
    return std::move(out_);
  }

 private:
  /// Live range of a buffer, in kernels.
  struct Kept {
    bool written = false;
    std::uint32_t first = 0;  ///< the first kernel that writes it
    std::uint32_t last = 0;   ///< the last kernel that reads it
  };

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...);
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

  /// The iteration space of a kernel: the shape of its largest output.
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

  /// The text of the graph without its header, indented.
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
    const auto index = &buffer - plan_.buffers.data();
    return detail::name_of(plan_, {static_cast<std::uint32_t>(index)});
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

  /// Adds the bytes that storing a temporary moves, and the operations that it saves: without it,
  /// its consumers would rematerialise the value.
  void add_price(const PlanBuffer& buffer) {
    const auto& readers = readers_[static_cast<std::size_t>(&buffer - plan_.buffers.data())];
    const auto elements = static_cast<double>(buffer.shape.elements());
    const double moves = 1 + static_cast<double>(readers.size());
    add("; moves {} bytes", elements * info(buffer.dtype).bytes * moves);
    double repeated = -elements;  // the value is computed once in any case
    for (const Shape* reader : readers) repeated += computed_with(buffer.shape, *reader);
    const double saved = repeated * recomputed(buffer.node);
    if (saved > 0) add(", saves {} operations", saved);
    const Kept& kept = kept_[static_cast<std::size_t>(&buffer - plan_.buffers.data())];
    if (kept.last <= kept.first + 1) return;
    add("; kept from kernel {} to {}", kept.first, kept.last);
    add_masked(plan_.graph.node(buffer.node));
  }

  /// Names the value that a stored mask replaces, if that value is not stored itself.
  void add_masked(const Node& mask) {
    if (mask.dtype != DType::boolean || mask.operand_count == 0) return;
    const NodeId of = mask.operands[0];
    const DType dtype = plan_.graph.node(of).dtype;
    if (stored_[of.index] || dtype == DType::boolean) return;
    add(", a mask in place of the {} bytes of {}",
        plan_.graph.shape(of).elements() * info(dtype).bytes, to_string(plan_.graph.node(of).op));
  }

  /// Lists every donated input with the temporaries in its memory, or the reason why it holds none.
  void add_donated() {
    const auto& inputs = plan_.graph.inputs();
    if (std::ranges::none_of(inputs, &GraphInput::donated)) return;
    add("\ndonated inputs\n");
    std::vector<std::string> held(inputs.size());
    for (const PlanBuffer& buffer : plan_.buffers) {
      if (!buffer.within || buffer.within->index >= inputs.size()) continue;
      std::string& names = held[buffer.within->index];
      names += (names.empty() ? "" : ", ") + name(buffer);
    }
    const std::vector<Smallest> smallest = smallest_temporaries();
    for (std::uint32_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].donated) continue;
      add("  {} holds {}\n", describe(plan_.buffers[i]),
          held[i].empty() ? "nothing: " + why_unused({i}, smallest) : held[i]);
    }
  }

  /// Bytes of the smallest temporary, by width of its elements: 1, 2, 4 and 8 bytes.
  using Smallest = std::array<std::int64_t, 4>;
  static constexpr Smallest kNoTemporary{kNever, kNever, kNever, kNever};
  static std::size_t width_index(const PlanBuffer& buffer) {
    return static_cast<std::size_t>(
        std::countr_zero(static_cast<unsigned>(info(buffer.dtype).bytes)));
  }
  static std::int64_t bytes(const PlanBuffer& buffer) {
    return buffer.shape.elements() * info(buffer.dtype).bytes;
  }

  /// By kernel: the smallest of the temporaries that this kernel or a later one writes.
  [[nodiscard]] std::vector<Smallest> smallest_temporaries() const {
    std::vector<Smallest> from(plan_.kernels.size() + 1, kNoTemporary);
    for (std::size_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (buffer.kind != PlanBuffer::Kind::temporary || bytes(buffer) == 0) continue;
      std::int64_t& smallest = from[kept_[i].first][width_index(buffer)];
      smallest = std::min(smallest, bytes(buffer));
    }
    for (std::size_t k = plan_.kernels.size(); k-- > 0;) {
      for (std::size_t w = 0; w < from[k].size(); ++w) {
        from[k][w] = std::min(from[k][w], from[k + 1][w]);
      }
    }
    return from;
  }

  [[nodiscard]] std::string why_unused(BufferId input, std::span<const Smallest> smallest) const {
    const PlanBuffer& host = plan_.buffers[input.index];
    if (!host.strides.empty()) return "it has strides";
    if (smallest[0] == kNoTemporary) return "the plan has no temporaries";
    const bool read = !readers_[input.index].empty();
    const std::uint32_t last = kept_[input.index].last;
    const Smallest& later = smallest[read ? last + 1 : 0];
    if (later == kNoTemporary) {
      return fmt::format("kernel {} reads it last, and no temporary begins later", last);
    }
    if (std::ranges::min(later) > bytes(host)) return "later temporaries are larger";
    const auto aligned = std::span(later).first(width_index(host) + 1);
    if (std::ranges::min(aligned) > bytes(host)) {
      return "later temporaries of its size have wider elements, so need more alignment";
    }
    return "later temporaries of its size lie in other buffers that are free then";
  }

  /// Lists the values that kernels rematerialise.
  void add_repeats() {
    bool first = true;
    for (const PlanRepeat& repeat : plan_.repeats) {
      const std::vector<NodeId> from = sources(repeat.node);
      // A value that is computed from graph inputs alone is not listed: storing it was never an
      // alternative.
      if (std::ranges::all_of(from,
                              [&](NodeId value) { return is_leaf(plan_.graph.node(value)); })) {
        continue;
      }
      if (std::exchange(first, false)) add("\nrematerialised\n");
      const Node& node = plan_.graph.node(repeat.node);
      const std::int64_t elements = plan_.graph.shape(repeat.node).elements();
      add("  {}{}, the result of {}, in kernel {}", to_string(node.dtype),
          to_string(plan_.graph.shape(repeat.node)), to_string(node.op), repeat.kernel);
      std::string_view between = " from ";
      for (NodeId value : from) {
        add("{}{}", between, name_of(value));
        between = ", ";
      }
      add("; keeps {} bytes fewer, costs {} operations\n", elements * info(node.dtype).bytes,
          elements * recomputed(repeat.node));
    }
  }

  /// The stored values from which a value is rematerialised, as far as cone() looks.
  [[nodiscard]] std::vector<NodeId> sources(NodeId value) const {
    std::vector<NodeId> found;
    for (NodeId node : cone(value)) {
      for (NodeId operand : plan_.graph.node(node).inputs()) {
        if (stored_[operand.index] && std::ranges::find(found, operand) == found.end()) {
          found.push_back(operand);
        }
      }
    }
    return found;
  }

  [[nodiscard]] std::string name_of(NodeId stored) const {
    return name(*std::ranges::find(plan_.buffers, stored, &PlanBuffer::node));
  }

  /// The values that are computed on the way from stored values to `value`, itself included. Visits
  /// at most kMaxOps ops.
  [[nodiscard]] std::vector<NodeId> cone(NodeId value) const {
    constexpr std::size_t kMaxOps = 256;
    std::vector<NodeId> cone{value};
    std::unordered_set<std::uint32_t> known{value.index};
    for (std::size_t i = 0; i < std::min(cone.size(), kMaxOps); ++i) {
      const Node node = plan_.graph.node(cone[i]);
      for (NodeId operand : node.inputs()) {
        if (stored_[operand.index] || !known.insert(operand.index).second) continue;
        cone.push_back(operand);
      }
    }
    return cone;
  }

  /// Operations per element of the cone of `value`.
  [[nodiscard]] int recomputed(NodeId value) const {
    int total = 0;
    for (NodeId node : cone(value)) total += cost_.operations(node);
    return total;
  }

  const Plan& plan_;
  const CostModel cost_;
  std::vector<std::vector<const Shape*>> readers_;  // by buffer: iteration spaces of its readers
  std::vector<Kept> kept_;                          // by buffer
  std::vector<bool> stored_;                        // by node: true if a buffer holds it
  std::string out_;
};

}  // namespace

std::string detail::name_of(const Plan& plan, BufferId id) {
  const PlanBuffer& buffer = plan.buffers[id.index];
  const auto inputs = plan.graph.inputs();
  const auto outputs = plan.graph.outputs();
  switch (buffer.kind) {
    case PlanBuffer::Kind::input: return fmt::format("input {:?}", inputs[buffer.position].name);
    case PlanBuffer::Kind::output: return fmt::format("output {:?}", outputs[buffer.position].name);
    case PlanBuffer::Kind::temporary: break;
  }
  return fmt::format("temporary {}", id.index - inputs.size() - outputs.size());
}

std::string print(const Plan& plan) try {
  const detail::FloatEnvironment environment;
  return PlanPrinter(plan).run();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
