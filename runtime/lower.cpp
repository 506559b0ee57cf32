// The order of the passes.
#include "lower.h"

#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

namespace sinter::detail {

Plan make_plan(const Graph& graph, const CompileOptions& options, const Target& target) {
  verify(graph);
  Graph simple = contains(options.specialize, Specialize::scalars)
                     ? simplify(bake_parameters(graph))
                     : simplify(graph);
  return partition(std::move(simple), target.plan_limits(), options.fuse);
}

Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
              const CompileOptions& options, const Target& target) {
  const Graph body = simplify(expand(kernel.body, parameters));
  LoopSpace space = collapse(body);
  const ScheduleOptions schedule{.streaming = should_stream(body, space, target)};
  LoopNest nest = schedule_cpu(body, space, target, schedule);
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
