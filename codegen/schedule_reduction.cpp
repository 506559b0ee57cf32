// Kernels with reductions: one row after the other, or blocks of columns, in parallel.
#include "schedule_reduction.h"

#include <utility>
#include <vector>

#include "reduction_builder.h"

namespace sinter::detail {
namespace {

class ReductionScheduler : ReductionBuilder {
 public:
  ReductionScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                     CpuStrategy strategy)
      : ReductionBuilder(body, space, std::move(placement), std::move(strategy)),
        axes_{space.rank() - space.reduced - space.inner, space.reduced, space.inner} {}
  [[nodiscard]] LoopNest build();

 private:
  [[nodiscard]] std::vector<Pass> all_passes() const {
    return passes([](NodeId) { return true; });
  }
  [[nodiscard]] bool is_left(std::size_t output) const;
  [[nodiscard]] Outputs outputs(bool left) const;
  void define_nest(Block& block);
  void add_rows(Block& block);
  void add_columns(Block& block);

  const ReducedAxes axes_;
};

/// Whether an output has one element for each group that is reduced.
bool ReductionScheduler::is_left(std::size_t output) const {
  for (int axis = axes_.outer; axis < axes_.outer + axes_.reduced; ++axis) {
    if (stride_class(space_, output_argument(output), axis) != LaneStride::uniform) return false;
  }
  return true;
}

ReductionScheduler::Outputs ReductionScheduler::outputs(bool left) const {
  Outputs result;
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (is_left(i) == left) result.push_back(i);
  }
  return result;
}

void ReductionScheduler::add_rows(Block& block) {
  Loop rows = parallel_loop();
  std::vector<IndexId> unit;
  if (axes_.outer == 1) unit = {rows.variable};
  if (axes_.outer > 1) {
    for (int axis = 0; axis < axes_.outer; ++axis) {
      unit.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  set_unit(axes_, std::move(unit));
  for (const Pass& pass : all_passes()) add_pass(pass, rows.body);
  add_row_outputs(outputs(true), outputs(false), rows.body);
  block.emplace_back(std::move(rows));
}

void ReductionScheduler::add_columns(Block& block) {
  // All reductions of the kernel wait for nothing: see `partition`.
  Pass pass{{}, 1};
  for (Pass& each : all_passes()) {
    pass.reductions.insert(pass.reductions.end(), each.reductions.begin(), each.reductions.end());
  }
  Loop units = parallel_loop();
  const int walked = axes_.outer + axes_.inner;
  const auto digit = [&](IndexId radix) {
    return walked == 1 ? units.variable : add_digit(units, radix);
  };
  std::vector<IndexId> unit;
  std::vector<IndexId> behind;
  for (int axis = 0; axis < axes_.outer; ++axis) unit.push_back(digit(indices_.extent(axis)));
  for (int axis = axes_.outer + axes_.reduced; axis < inner_axis(); ++axis) {
    behind.push_back(digit(indices_.extent(axis)));
  }
  const IndexId length = indices_.extent(inner_axis());
  const Span columns =
      part(digit(indices_.blocks(length, kColumnBlock)), inner_axis(), kColumnBlock);
  set_unit(axes_, std::move(unit), std::move(behind));
  const Locals results = add_column_pass(pass, columns, units.body);
  add_column_outputs(pass, results, columns, outputs(true), units.body);
  block.emplace_back(std::move(units));
}

/// What is the same for all units.
void ReductionScheduler::define_nest(Block& block) {
  set_row({});
  std::vector<NodeId> targets = nodes_of(outputs(true));
  if (reduced_extent() > 0) {
    const std::vector<NodeId> rest = nodes_of(outputs(false));
    targets.insert(targets.end(), rest.begin(), rest.end());
    for (const Pass& pass : all_passes()) {
      for (NodeId node : pass.reductions) targets.push_back(body_.node(node).operands[0]);
    }
  }
  define_shared(cone(targets), Level::nest, block);
  define_identities(block);
}

LoopNest ReductionScheduler::build() {
  set_unit(axes_, {});
  define_nest(nest_.body);
  if (axes_.inner == 0)
    add_rows(nest_.body);
  else
    add_columns(nest_.body);
  return take();
}

}  // namespace

LoopNest schedule_reduction(const Graph& body, const LoopSpace& space, Placement placement,
                            CpuStrategy strategy) {
  return ReductionScheduler(body, space, std::move(placement), std::move(strategy)).build();
}

}  // namespace sinter::detail
