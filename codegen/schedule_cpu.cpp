// The CPU scheduler: makes the loops that cpu_strategy.h chose, around the values that placement.h
// placed.
//
// Every range of elements is cut into consecutive parts, one loop each:
//   peel    up to the first aligned store
//   stream  whole steps with streaming stores, if all of them are aligned
//   main    whole steps of several vectors
//   middle  whole single vectors
//   tail    what is left
#include <algorithm>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/assert.h>

#include "cpu_strategy.h"
#include "index_table.h"
#include "placement.h"

namespace sinter {
namespace {

using detail::CpuStrategy;
using detail::Level;
using detail::Placement;

/// What a loop with lanes does per iteration.
struct VectorForm {
  int lanes = 1;
  int unroll = 1;
  bool interleaved = false;
  bool masked = false;
  bool once = false;
  bool streaming = false;
  [[nodiscard]] std::int64_t step() const { return std::int64_t{lanes} * unroll; }
};

/// So many vectors of a block fit into registers while they are turned.
constexpr int kMaxTurnedLanes = 16;

/// A part of an axis.
struct Span {
  IndexId from, to;
};

class NestBuilder {
 public:
  NestBuilder(const Graph& body, const LoopSpace& space, Placement placement, CpuStrategy strategy);
  [[nodiscard]] LoopNest build();

 private:
  [[nodiscard]] int inner_axis() const { return space_.rank() - 1; }
  [[nodiscard]] std::uint8_t output_argument(std::size_t output) const {
    return static_cast<std::uint8_t>(body_.inputs().size() + output);
  }

  void declare();
  void declare_locals();

  // Addresses.
  [[nodiscard]] IndexId stride(std::size_t argument, int axis);
  void set_row(const std::vector<IndexId>& outer_variables);
  [[nodiscard]] IndexId offset(std::size_t argument, IndexId place);

  // Statements.
  [[nodiscard]] ValueId new_value(NodeId node);
  [[nodiscard]] Load load(NodeId node, IndexId place);
  [[nodiscard]] Count count(NodeId node, IndexId place);
  [[nodiscard]] Compute compute(NodeId node);
  void define(Level level, IndexId place, Block& block);
  void store_outputs(bool streaming, IndexId place, Block& block);

  // Loops.
  [[nodiscard]] Loop parallel_loop();
  [[nodiscard]] std::vector<IndexId> axis_variables(Loop& rows);
  void add_rows(Block& block);
  [[nodiscard]] Loop serial_loop(Span range);
  [[nodiscard]] Span part(IndexId number, int axis, std::int64_t size);
  void add_transposes(IndexId first_row, IndexId first_column, Block& block);
  void add_block(Span rows, Span columns, std::vector<IndexId> variables, Block& block);
  void add_strips(Block& block);
  void add_elements(IndexId from, IndexId to, Block& block);
  [[nodiscard]] IndexId add_loop(VectorForm form, IndexId from, IndexId to, Block& block);

  // Bounds between loops.
  [[nodiscard]] std::int64_t vector_bytes(std::size_t output) const;
  [[nodiscard]] IndexId peel_bound(IndexId from, IndexId to);
  [[nodiscard]] IndexId step_bound(IndexId from, IndexId to, std::int64_t step);
  [[nodiscard]] IndexId stream_bound(IndexId from, IndexId to, std::int64_t step);

  const Graph& body_;
  const LoopSpace& space_;
  const Placement placement_;
  const CpuStrategy strategy_;
  detail::IndexTable indices_;
  std::vector<IndexId> rows_;  // [argument, iota] offset of the row
  /// [argument] the local one that holds its block, where it is read transposed.
  std::vector<std::optional<std::uint8_t>> locals_;
  IndexId local_row_;            // offset of the row in every such block
  IndexId local_column_;         // the column at which every such block begins
  std::vector<ValueId> values_;  // [node] its value, as last defined
  LoopNest nest_;
};

NestBuilder::NestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                         CpuStrategy strategy)
    : body_(body),
      space_(space),
      placement_(std::move(placement)),
      strategy_(std::move(strategy)),
      values_(body.nodes().size()) {
  declare();
}

void NestBuilder::declare() {
  nest_.rank = space_.rank();
  for (const GraphInput& input : body_.inputs()) {
    nest_.arguments.push_back({body_.node(input.node).dtype, false});
  }
  for (const GraphOutput& output : body_.outputs()) {
    nest_.arguments.push_back({body_.node(output.node).dtype, true});
  }
  nest_.parameter_dtypes.resize(body_.parameters().size());
  for (const Node& node : body_.nodes()) {
    if (node.op == Op::parameter) nest_.parameter_dtypes[node.payload] = node.dtype;
  }
  declare_locals();
}

void NestBuilder::declare_locals() {
  locals_.resize(body_.inputs().size());
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    if (!detail::is_turned(space_, i)) continue;
    locals_[i] = static_cast<std::uint8_t>(nest_.arguments.size());
    nest_.arguments.push_back(
        {nest_.arguments[i].dtype, false, static_cast<std::uint32_t>(space_.tile * space_.tile)});
  }
}

// --- Addresses -----------------------------------------------------------------------------------

IndexId NestBuilder::stride(std::size_t argument, int axis) {
  switch (detail::stride_class(space_, argument, axis)) {
    case LaneStride::uniform: return indices_.constant(0);
    case LaneStride::contiguous: return indices_.constant(1);
    case LaneStride::strided: break;
  }
  return indices_.stride(detail::stride_slot(space_, argument, axis));
}

/// From here on offsets lie in the row at `outer_variables`, one per axis but the last.
void NestBuilder::set_row(const std::vector<IndexId>& outer_variables) {
  const std::size_t walked = space_.strides.size() / static_cast<std::size_t>(space_.rank());
  rows_.assign(walked, indices_.constant(0));
  for (std::size_t argument = 0; argument < rows_.size(); ++argument) {
    int axis = 0;
    for (IndexId variable : outer_variables) {
      const IndexId along = indices_.mul(variable, stride(argument, axis++));
      rows_[argument] = indices_.add(rows_[argument], along);
    }
  }
}

IndexId NestBuilder::offset(std::size_t argument, IndexId place) {
  return indices_.add(rows_[argument], indices_.mul(place, stride(argument, inner_axis())));
}

// --- Statements ----------------------------------------------------------------------------------

ValueId NestBuilder::new_value(NodeId node) {
  const ValueId id{static_cast<std::uint32_t>(nest_.values.size())};
  nest_.values.push_back({body_.node(node).dtype});
  values_[node.index] = id;
  return id;
}

Load NestBuilder::load(NodeId node, IndexId place) {
  const auto argument = static_cast<std::uint8_t>(body_.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, rows_[argument], {}};
  if (placement_.level(node) != Level::lane) return load;
  load.lanes = detail::load_stride(space_, argument);
  if (locals_[argument].has_value()) {
    load.argument = *locals_[argument];
    load.offset = indices_.add(local_row_, indices_.sub(place, local_column_));
    return load;
  }
  load.offset = offset(argument, place);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, inner_axis());
  return load;
}

Count NestBuilder::count(NodeId node, IndexId place) {
  const std::size_t argument = placement_.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, rows_[argument]};
  if (placement_.level(node) != Level::lane) return count;
  count.lanes = detail::stride_class(space_, argument, inner_axis());
  count.from = offset(argument, place);
  return count;
}

Compute NestBuilder::compute(NodeId id) {
  const Node& node = body_.node(id);
  SINTER_ASSERT(info(node.op).kind != OpKind::composite, "composites are expanded");
  Compute compute{{}, node.op, node.operand_count, {}, node.payload};
  for (std::size_t i = 0; i < node.operand_count; ++i) {
    compute.operands[i] = values_[placement_.value(node.operands[i]).index];
  }
  compute.result = new_value(id);
  return compute;
}

void NestBuilder::define(Level level, IndexId place, Block& block) {
  for (NodeId node : placement_.order) {
    if (placement_.level(node) != level) continue;
    if (body_.node(node).op == Op::input)
      block.emplace_back(load(node, place));
    else if (body_.node(node).op == Op::iota)
      block.emplace_back(count(node, place));
    else
      block.emplace_back(compute(node));
  }
}

void NestBuilder::store_outputs(bool streaming, IndexId place, Block& block) {
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    const NodeId node = placement_.value(body_.outputs()[i].node);
    const std::uint8_t argument = output_argument(i);
    Store store{.value = values_[node.index],
                .argument = argument,
                .lanes = detail::store_stride(space_, argument),
                .streaming = streaming && strategy_.streamed[i],
                .offset = offset(argument, place),
                .lane_stride = {}};
    if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
    block.emplace_back(store);
  }
}

// --- Bounds between loops ------------------------------------------------------------------------

std::int64_t NestBuilder::vector_bytes(std::size_t output) const {
  return std::int64_t{strategy_.lanes} * info(nest_.arguments[output_argument(output)].dtype).bytes;
}

/// The first place where the anchor is aligned.
IndexId NestBuilder::peel_bound(IndexId from, IndexId to) {
  const std::size_t anchor = strategy_.anchor;
  const std::uint8_t argument = output_argument(anchor);
  const IndexId distance =
      indices_.to_alignment(argument, offset(argument, from), vector_bytes(anchor));
  return indices_.min(to, indices_.add(from, distance));
}

/// `from`, and as many whole steps as fit before `to`.
IndexId NestBuilder::step_bound(IndexId from, IndexId to, std::int64_t step) {
  return indices_.add(from, indices_.round_down(indices_.sub(to, from), step));
}

/// The same, but `from` itself where a streamed output is not aligned together with the anchor.
IndexId NestBuilder::stream_bound(IndexId from, IndexId to, std::int64_t step) {
  IndexId count = indices_.round_down(indices_.sub(to, from), step);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (i == strategy_.anchor || !strategy_.streamed[i]) continue;
    const std::uint8_t argument = output_argument(i);
    const IndexId here = offset(argument, from);
    count = indices_.mul(count, indices_.aligned(argument, here, vector_bytes(i)));
  }
  return indices_.add(from, count);
}

// --- Loops ---------------------------------------------------------------------------------------

/// One loop over [from, to); returns `to`.
IndexId NestBuilder::add_loop(VectorForm form, IndexId from, IndexId to, Block& block) {
  Loop loop{.kind = LoopKind::vector,
            .masked = form.masked,
            .interleaved = form.interleaved,
            .once = form.once,
            .lanes = static_cast<std::uint16_t>(form.lanes),
            .unroll = static_cast<std::uint16_t>(form.unroll),
            .variable = indices_.new_variable(),
            .from = from,
            .to = to,
            .digits = {},
            .body = {}};
  define(Level::lane, loop.variable, loop.body);
  store_outputs(form.streaming, loop.variable, loop.body);
  block.emplace_back(std::move(loop));
  return to;
}

void NestBuilder::add_elements(IndexId from, IndexId to, Block& block) {
  // What is shorter than a vector is one masked step.
  const VectorForm peel{.lanes = strategy_.masks ? strategy_.lanes : 1,
                        .masked = strategy_.masks,
                        .once = strategy_.masks};
  VectorForm tail = peel;
  tail.once = strategy_.masks && (strategy_.middle || strategy_.unroll == 1);
  const VectorForm single{.lanes = strategy_.lanes};
  const VectorForm main{
      .lanes = strategy_.lanes, .unroll = strategy_.unroll, .interleaved = strategy_.interleave};
  VectorForm stream = main;
  stream.streaming = true;

  IndexId at = from;
  if (strategy_.peel) at = add_loop(peel, at, peel_bound(at, to), block);
  if (strategy_.streams() > 0) {
    at = add_loop(stream, at, stream_bound(at, to, stream.step()), block);
  }
  // One streamed output is always aligned after the peel: nothing is left for the plain form.
  if (strategy_.streams() != 1) at = add_loop(main, at, step_bound(at, to, main.step()), block);
  if (strategy_.middle) at = add_loop(single, at, step_bound(at, to, single.step()), block);
  at = add_loop(tail, at, to, block);
}

/// One variable for every axis but the last.
std::vector<IndexId> NestBuilder::axis_variables(Loop& rows) {
  if (space_.rank() == 2) return {rows.variable};
  std::vector<IndexId> variables;
  for (int axis = 0; axis < inner_axis(); ++axis) {
    variables.push_back(indices_.new_variable());
    rows.digits.push_back({variables.back(), indices_.extent(axis)});
  }
  return variables;
}

Loop NestBuilder::parallel_loop() {
  return {.kind = LoopKind::parallel,
          .variable = indices_.new_variable(),
          .from = indices_.begin(),
          .to = indices_.end(),
          .digits = {},
          .body = {}};
}

Loop NestBuilder::serial_loop(Span range) {
  return {.kind = LoopKind::serial,
          .variable = indices_.new_variable(),
          .from = range.from,
          .to = range.to,
          .digits = {},
          .body = {}};
}

void NestBuilder::add_rows(Block& block) {
  Loop rows = parallel_loop();
  set_row(axis_variables(rows));
  define(Level::row, {}, rows.body);
  add_elements(indices_.constant(0), indices_.extent(inner_axis()), rows.body);
  block.emplace_back(std::move(rows));
}

/// Part `number` of an axis that is cut into parts of this size.
Span NestBuilder::part(IndexId number, int axis, std::int64_t size) {
  const IndexId from = indices_.mul(number, indices_.constant(size));
  return {from, indices_.min(indices_.extent(axis), indices_.add(from, indices_.constant(size)))};
}

/// Turns a whole block of each input that lies across the rows: one that ends with the axes where
/// less than a block is left.
void NestBuilder::add_transposes(IndexId first_row, IndexId first_column, Block& block) {
  for (std::size_t i = 0; i < locals_.size(); ++i) {
    if (!locals_[i].has_value()) continue;
    const IndexId across = stride(i, inner_axis());
    const int lanes = strategy_.vector_bytes / info(nest_.arguments[i].dtype).bytes;
    block.emplace_back(Transpose{
        .argument = static_cast<std::uint8_t>(i),
        .local = *locals_[i],
        .side = static_cast<std::uint16_t>(space_.tile),
        .lanes = static_cast<std::uint16_t>(std::min(lanes, kMaxTurnedLanes)),
        .offset =
            indices_.add(indices_.add(rows_[i], first_row), indices_.mul(first_column, across)),
        .stride = across});
  }
}

/// One block; `variables` are those of the axes before its rows.
void NestBuilder::add_block(Span rows, Span columns, std::vector<IndexId> variables, Block& block) {
  const IndexId side = indices_.constant(space_.tile);
  const auto whole = [&](IndexId from, int axis) {
    return indices_.min(from, indices_.sub(indices_.extent(axis), side));
  };
  const IndexId first_row = whole(rows.from, inner_axis() - 1);
  const IndexId first_column = whole(columns.from, inner_axis());
  set_row(variables);
  add_transposes(first_row, first_column, block);

  Loop serial = serial_loop(rows);
  variables.push_back(serial.variable);
  set_row(variables);
  local_row_ = indices_.mul(indices_.sub(serial.variable, first_row), side);
  local_column_ = first_column;
  define(Level::row, {}, serial.body);
  add_elements(columns.from, columns.to, serial.body);
  block.emplace_back(std::move(serial));
}

/// In parallel over strips of blocks, each block above the next: a strip reads whole pages of the
/// inputs that lie across, and the next one goes on in the pages that this one wrote.
void NestBuilder::add_strips(Block& block) {
  Loop strips = parallel_loop();
  std::vector<IndexId> variables;
  const auto add_digit = [&](IndexId radix) {
    strips.digits.push_back({indices_.new_variable(), radix});
    return strips.digits.back().variable;
  };
  for (int axis = 0; axis < inner_axis() - 1; ++axis) {
    variables.push_back(add_digit(indices_.extent(axis)));
  }
  const int row_axis = inner_axis() - 1;
  const IndexId strip = add_digit(indices_.blocks(indices_.extent(row_axis), kStripRows));
  const IndexId column = add_digit(indices_.blocks(indices_.extent(inner_axis()), space_.tile));

  const IndexId per_strip = indices_.constant(kStripRows / space_.tile);
  const IndexId first = indices_.mul(strip, per_strip);
  const IndexId last = indices_.blocks(indices_.extent(row_axis), space_.tile);
  Loop blocks = serial_loop({first, indices_.min(last, indices_.add(first, per_strip))});
  add_block(part(blocks.variable, row_axis, space_.tile), part(column, inner_axis(), space_.tile),
            std::move(variables), blocks.body);
  strips.body.emplace_back(std::move(blocks));
  block.emplace_back(std::move(strips));
}

LoopNest NestBuilder::build() {
  set_row({});
  define(Level::nest, {}, nest_.body);
  if (space_.rank() == 1)
    add_elements(indices_.begin(), indices_.end(), nest_.body);
  else if (space_.tile > 0)
    add_strips(nest_.body);
  else
    add_rows(nest_.body);
  nest_.indices = indices_.take();
  detail::drop_unused_indices(nest_);
  return std::move(nest_);
}

}  // namespace

LoopNest schedule_cpu(const Graph& body, const LoopSpace& space, const Target& target,
                      const ScheduleOptions& options) {
  Placement placement = detail::place(body, space);
  CpuStrategy strategy = detail::choose_strategy(body, space, placement, target, options);
  return NestBuilder(body, space, std::move(placement), std::move(strategy)).build();
}

}  // namespace sinter
