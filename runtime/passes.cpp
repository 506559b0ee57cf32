#include "passes.h"

#include <optional>
#include <utility>

#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

#include "stopwatch.h"

namespace sinter::detail {

void run_passes(const Graph& graph, std::span<const double> parameters,
                const CompileOptions& options, const CodeGenerator& generator, CompileTimes& times,
                const PassResults& results) {
  const Plan& plan = results.plan([&] {
    Stopwatch watch;
    verify(graph);
    std::optional<Graph> made;
    if (has_storage_floats(graph)) made = widen(graph, options.rounding);
    if (contains(options.specialize, Specialize::scalars)) {
      made = bake_parameters(made.has_value() ? *made : graph);
    }
    // simplify, place_views, chunk_reductions, partition
    Plan planned =
        plan_graph(made.has_value() ? *made : graph, generator.plan_limits(), options.fuse);
    watch.lap(times.plan);
    return planned;
  });
  for (const PlanKernel& kernel : plan.kernels) {
    Stopwatch watch;
    const std::vector<double> own = kernel_parameters(kernel, parameters);
    const Graph body = simplify(expand(kernel.body, own));
    Lowered lowered =
        generator.schedule(body, kernel.frame);  // collapse, then schedule_cpu or schedule_cuda
    if (contains(options.specialize, Specialize::shape)) {
      lowered.nest = specialize_shape(std::move(lowered.nest), lowered.space);
    }
    watch.lap(times.schedule);
    results.kernel(std::move(lowered), own);
  }
}

std::vector<double> kernel_parameters(const PlanKernel& kernel, std::span<const double> program) {
  std::vector<double> values;
  values.reserve(kernel.parameters.size());
  for (std::uint32_t parameter : kernel.parameters) values.push_back(program[parameter]);
  return values;
}

}  // namespace sinter::detail
