// A plan as text: for each kernel the buffers it reads and writes and its ops, then every stored
// value with the rule that made it so.
#include <iterator>

#include <fmt/format.h>

#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

namespace sinter {
namespace {

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
  }
  return "";
}

class PlanPrinter {
 public:
  explicit PlanPrinter(const Plan& plan) : plan_(plan) {}

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
    const Shape& shape = kernel.body.shape(kernel.body.outputs().front().node);
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
    if (buffer.kind == PlanBuffer::Kind::temporary) add(" at offset {}", buffer.offset);
    add(", the result of {}; rule {}: {}\n", to_string(plan_.graph.node(buffer.node).op),
        to_string(buffer.rule), reason(buffer.rule));
  }

  const Plan& plan_;
  std::string out_;
};

}  // namespace

std::string print(const Plan& plan) { return PlanPrinter(plan).run(); }

}  // namespace sinter
