// The parallel loop of kernels with reductions: over rows, or over blocks of columns.
#include "cpu/schedule_reduction.h"

#include <utility>
#include <vector>

#include "cpu/reductions.h"

namespace sinter::detail {
namespace {

class ReductionScheduler : ReductionBuilder {
 public:
  ReductionScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                     CpuStrategy strategy)
      : ReductionBuilder(body, space, std::move(placement), std::move(strategy)),
        reductions_(body_, space_, placement_, std::int64_t{4} * strategy_.lanes) {}
  [[nodiscard]] LoopNest build();

 private:
  [[nodiscard]] Outputs outputs(bool reduced) const;
  void add_rows(Block& block);
  void add_columns(Block& block);

  const ReductionPasses reductions_;
};

/// If `reduced`, returns the outputs with one element for each reduced group, else the others.
ReductionScheduler::Outputs ReductionScheduler::outputs(bool reduced) const {
  Outputs result;
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (reductions_.is_row_output(i) == reduced) result.push_back(i);
  }
  return result;
}

void ReductionScheduler::add_rows(Block& block) {
  const int outer = reductions_.outer();
  Loop rows = parallel_loop();
  std::vector<IndexId> unit;
  if (outer == 1) unit = {rows.variable};
  if (outer > 1) {
    for (int axis = 0; axis < outer; ++axis) {
      unit.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  set_unit(reductions_, std::move(unit));
  choose_values_to_keep();
  for (const Pass& pass : reductions_.passes()) add_pass(pass, rows.body);
  add_row_outputs(outputs(true), outputs(false), rows.body);
  block.emplace_back(std::move(rows));
}

void ReductionScheduler::add_columns(Block& block) {
  const Pass pass = reductions_.column_pass();
  const auto [outer, reduced, inner] = reductions_.axes();
  Loop units = parallel_loop();
  const auto digit = [&](IndexId radix) {
    return outer + inner == 1 ? units.variable : add_digit(units, radix);
  };
  std::vector<IndexId> unit;
  std::vector<IndexId> inner_positions;
  for (int axis = 0; axis < outer; ++axis) unit.push_back(digit(indices_.extent(axis)));
  for (int axis = outer + reduced; axis < inner_axis(); ++axis) {
    inner_positions.push_back(digit(indices_.extent(axis)));
  }
  const IndexId length = indices_.extent(inner_axis());
  const Span columns =
      part(digit(indices_.blocks(length, kColumnBlock)), inner_axis(), kColumnBlock);
  set_unit(reductions_, std::move(unit), std::move(inner_positions));
  set_first_row();
  if (reductions_.reduced_extent() > 0) {
    define_shared(reductions_.cone(pass), Level::row, units.body);
  }
  const std::vector<bool> wanted = reductions_.cone(reductions_.outputs(true));
  define_shared(wanted, Level::row, units.body);
  const auto store = [&](IndexId place, Block& body) {
    rematerialise(wanted, Level::lane, place, body);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) store_output(i, false, place, body);
  };
  add_column_loops(pass, columns, store, units.body);
  block.emplace_back(std::move(units));
}

LoopNest ReductionScheduler::build() {
  set_row({});
  define_shared(reductions_.whole_cone(), Level::nest, nest_.body);  // the same for all units
  define_identities(nest_.body);
  if (reductions_.axes().inner == 0)
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
