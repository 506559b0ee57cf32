// The order of the passes, and what selects each.
#include "lower.h"

#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

namespace sinter::detail {

namespace {

/// The plan of a graph whose ops are widened to f32 already.
Plan cut(const Graph& graph, const CompileOptions& options, const CodeTarget& target) {
  const bool baked = contains(options.specialize, Specialize::scalars);
  const PlanLimits limits = target.plan_limits();
  if (baked) return plan_graph(bake_parameters(graph), limits, options.fuse);
  return plan_graph(graph, limits, options.fuse);
}

LoopNest schedule(const Graph& body, const LoopSpace& space, const CodeTarget& target) {
  if (target.gpu.has_value()) return schedule_cuda(body, space, *target.gpu);
  return schedule_cpu(body, space, target.cpu, {.streaming = should_stream(body, target.cpu)});
}

}  // namespace

Plan make_plan(const Graph& graph, const CompileOptions& options, const CodeTarget& target) {
  verify(graph);
  if (has_storage_floats(graph)) return cut(widen(graph, options.rounding), options, target);
  return cut(graph, options, target);
}

Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
              const CompileOptions& options, const CodeTarget& target) {
  const Graph body = simplify(expand(kernel.body, parameters));
  LoopSpace space = collapse(body, target.cpu.model);
  LoopNest nest = schedule(body, space, target);
  if (contains(options.specialize, Specialize::shape)) {
    nest = specialize_shape(std::move(nest), space);
  }
  return {std::move(nest), std::move(space)};
}

std::vector<double> kernel_parameters(const PlanKernel& kernel, std::span<const double> program) {
  std::vector<double> values;
  values.reserve(kernel.parameters.size());
  for (std::uint32_t parameter : kernel.parameters) values.push_back(program[parameter]);
  return values;
}

}  // namespace sinter::detail
