// The list of all passes between a graph and its plan, in order.
#include <utility>

#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>

namespace sinter {

Plan plan_graph(const Graph& graph, const PlanLimits& limits, Fuse fuse) try {
  Graph placed = place_views(simplify(graph), fuse);
  return partition(chunk_reductions(std::move(placed), limits), limits, fuse);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
