// The CPU scheduler: makes the loops of elementwise kernels, with the widths that strategy.h chose,
// around the values that placement.h placed. Reductions and products have schedulers of their own.
#include <algorithm>
#include <utility>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "cpu/nest.h"
#include "cpu/schedule_product.h"
#include "cpu/schedule_reduction.h"

namespace sinter {
namespace {

using detail::Level;
using detail::Span;

/// Largest side, in elements, of the blocks that are transposed in registers: their vectors fit the
/// registers.
constexpr int kMaxTransposeLanes = 16;

class ElementwiseScheduler : detail::NestBuilder {
 public:
  ElementwiseScheduler(const Graph& body, const LoopSpace& space, detail::Placement placement,
                       detail::CpuStrategy strategy)
      : NestBuilder(body, space, std::move(placement), std::move(strategy)) {}
  [[nodiscard]] LoopNest build();

 private:
  void define(Level level, Block& block);
  void add_outputs(Span range, Block& block);
  [[nodiscard]] std::vector<IndexId> axis_variables(Loop& rows);
  void add_rows(Block& block);
  void add_transposes(IndexId first_row, IndexId first_column, Block& block);
  void add_block(Span rows, Span columns, std::vector<IndexId> positions, Block& block);
  void add_strips(Block& block);
};

void ElementwiseScheduler::define(Level level, Block& block) {
  NestBuilder::define([&](NodeId node) { return placement_.level(node) == level; }, {}, block);
}

/// Adds loops over `range` that compute the values of Level::lane and store the outputs.
void ElementwiseScheduler::add_outputs(Span range, Block& block) {
  const auto body = [this](IndexId place, bool streaming, Block& inner) {
    NestBuilder::define([this](NodeId node) { return placement_.level(node) == Level::lane; },
                        place, inner);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
      store_output(i, streaming, place, inner);
    }
  };
  add_elements(range, body, true, block);
}

/// Returns one variable for every axis but the last.
std::vector<IndexId> ElementwiseScheduler::axis_variables(Loop& rows) {
  if (space_.rank() == 2) return {rows.variable};
  std::vector<IndexId> variables;
  for (int axis = 0; axis < inner_axis(); ++axis) {
    variables.push_back(add_digit(rows, indices_.extent(axis)));
  }
  return variables;
}

void ElementwiseScheduler::add_rows(Block& block) {
  Loop rows = parallel_loop();
  set_row(axis_variables(rows));
  define(Level::row, rows.body);
  add_outputs({indices_.constant(0), indices_.extent(inner_axis())}, rows.body);
  block.emplace_back(std::move(rows));
}

/// Transposes a block of each input that is contiguous along the axis of rows. Blocks are always
/// whole: at the end of an axis the block begins earlier, so that it ends with the axis.
void ElementwiseScheduler::add_transposes(IndexId first_row, IndexId first_column, Block& block) {
  for (std::size_t i = 0; i < transposed_.size(); ++i) {
    if (!detail::is_transposed(space_, i)) continue;
    if (!transposed_[i].has_value()) {
      transposed_[i] = new_local(nest_.arguments[i].dtype, space_.tile * space_.tile);
    }
    const IndexId column_stride = stride(i, inner_axis());
    const int lanes = strategy_.vector_bytes / info(nest_.arguments[i].dtype).bytes;
    block.emplace_back(
        Transpose{.argument = static_cast<std::uint8_t>(i),
                  .local = *transposed_[i],
                  .side = static_cast<std::uint16_t>(space_.tile),
                  .lanes = static_cast<std::uint16_t>(std::min(lanes, kMaxTransposeLanes)),
                  .offset = indices_.add(indices_.add(rows_[i], first_row),
                                         indices_.mul(first_column, column_stride)),
                  .stride = column_stride,
                  .to = indices_.constant(0)});
  }
}

/// Adds one block. `positions` are its positions along the axes that precede the axis of rows.
void ElementwiseScheduler::add_block(Span rows, Span columns, std::vector<IndexId> positions,
                                     Block& block) {
  const IndexId side = indices_.constant(space_.tile);
  const auto whole = [&](IndexId from, int axis) {
    return indices_.min(from, indices_.sub(indices_.extent(axis), side));
  };
  const IndexId first_row = whole(rows.from, inner_axis() - 1);
  const IndexId first_column = whole(columns.from, inner_axis());
  set_row(positions);
  add_transposes(first_row, first_column, block);

  Loop serial = serial_loop(rows);
  positions.push_back(serial.variable);
  set_row(positions);
  transposed_row_ = indices_.mul(indices_.sub(serial.variable, first_row), side);
  transposed_column_ = first_column;
  define(Level::row, serial.body);
  add_outputs(columns, serial.body);
  block.emplace_back(std::move(serial));
}

/// Adds the parallel loop over strips of blocks, one below another. A strip reads whole pages of
/// the inputs that it transposes, and the next strip continues in the pages that this one wrote.
void ElementwiseScheduler::add_strips(Block& block) {
  Loop strips = parallel_loop();
  std::vector<IndexId> positions;
  for (int axis = 0; axis < inner_axis() - 1; ++axis) {
    positions.push_back(add_digit(strips, indices_.extent(axis)));
  }
  const int row_axis = inner_axis() - 1;
  const IndexId strip = add_digit(strips, indices_.blocks(indices_.extent(row_axis), kStripRows));
  const IndexId column =
      add_digit(strips, indices_.blocks(indices_.extent(inner_axis()), space_.tile));

  const IndexId per_strip = indices_.constant(kStripRows / space_.tile);
  const IndexId first = indices_.mul(strip, per_strip);
  const IndexId last = indices_.blocks(indices_.extent(row_axis), space_.tile);
  Loop blocks = serial_loop({first, indices_.min(last, indices_.add(first, per_strip))});
  add_block(part(blocks.variable, row_axis, space_.tile), part(column, inner_axis(), space_.tile),
            std::move(positions), blocks.body);
  strips.body.emplace_back(std::move(blocks));
  block.emplace_back(std::move(strips));
}

LoopNest ElementwiseScheduler::build() {
  set_row({});
  define(Level::nest, nest_.body);
  if (space_.rank() == 1)
    add_outputs({indices_.begin(), indices_.end()}, nest_.body);
  else if (space_.tile > 0)
    add_strips(nest_.body);
  else
    add_rows(nest_.body);
  return take();
}

}  // namespace

LoopNest schedule_cpu(const Graph& body, const LoopSpace& space, const Target& target,
                      const ScheduleOptions& options) try {
  const detail::FloatEnvironment environment;
  detail::Placement placement = detail::place(body, space);
  if (space.product) {
    return detail::schedule_product(body, space, std::move(placement), target, options);
  }
  detail::CpuStrategy strategy = detail::choose_strategy(body, space, placement, target, options);
  if (space.reduced > 0) {
    return detail::schedule_reduction(body, space, std::move(placement), std::move(strategy));
  }
  return ElementwiseScheduler(body, space, std::move(placement), std::move(strategy)).build();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
