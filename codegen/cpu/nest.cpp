// add_elements cuts every range of elements into consecutive parts, one loop each:
//   peel    up to the first aligned store
//   stream  whole steps with streaming stores, if all of these are aligned
//   main    whole steps of several vectors
//   middle  whole single vectors
//   tail    the rest
#include "cpu/nest.h"

#include <utility>

#include <sinter/ir/assert.h>

#include "loops/local_memory.h"

namespace sinter::detail {

/// The form of a loop with lanes.
struct NestBuilder::VectorForm {
  int lanes = 1;
  int unroll = 1;
  bool interleaved = false;
  bool masked = false;
  bool once = false;
  bool streaming = false;
  [[nodiscard]] std::int64_t step() const { return std::int64_t{lanes} * unroll; }
};

NestBuilder::NestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                         CpuStrategy strategy)
    : StatementBuilder(body, space, std::move(placement)),
      strategy_(std::move(strategy)),
      lane_axis_(inner_axis()),
      transposed_(body.inputs().size()) {}

std::uint8_t NestBuilder::new_local(DType dtype, std::int64_t elements) {
  nest_.arguments.push_back({dtype, false, static_cast<std::uint32_t>(elements)});
  return static_cast<std::uint8_t>(nest_.arguments.size() - 1);
}

// --- Addresses -----------------------------------------------------------------------------------

void NestBuilder::set_row(const std::vector<IndexId>& positions) {
  positions_ = positions;
  const std::size_t walked = space_.strides.size() / static_cast<std::size_t>(space_.rank());
  rows_.assign(walked, indices_.constant(0));
  for (std::size_t argument = 0; argument < rows_.size(); ++argument) {
    int axis = 0;
    for (IndexId position : positions) {
      const int at = axis++;
      if (at == lane_axis_) continue;
      const IndexId along = indices_.mul(position, stride(argument, at));
      rows_[argument] = indices_.add(rows_[argument], along);
    }
  }
}

IndexId NestBuilder::offset(std::size_t argument, IndexId place) {
  return indices_.add(rows_[argument], indices_.mul(place, stride(argument, lane_axis_)));
}

// --- Statements ----------------------------------------------------------------------------------

ValueId NestBuilder::load_local(std::uint8_t local, IndexId place, Block& block) {
  const ValueId result = new_value(nest_.arguments[local].dtype);
  block.emplace_back(Load{result, local, LaneStride::contiguous, place, {}});
  return result;
}

void NestBuilder::store_local(std::uint8_t local, IndexId place, ValueId value, Block& block,
                              bool whole) {
  block.emplace_back(Store{.value = value,
                           .argument = local,
                           .lanes = LaneStride::contiguous,
                           .whole = whole,
                           .offset = place,
                           .lane_stride = {}});
}

Load NestBuilder::load(NodeId node, IndexId place) {
  const auto argument = static_cast<std::uint8_t>(body_.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, rows_[argument], {}};
  if (placement_.level(node) != Level::lane) return load;
  load.lanes = stride_class(space_, argument, lane_axis_);
  if (transposed_[argument].has_value()) {
    load.lanes = LaneStride::contiguous;
    load.argument = *transposed_[argument];
    load.offset = indices_.add(transposed_row_, indices_.sub(place, transposed_column_));
    return load;
  }
  load.offset = offset(argument, place);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, lane_axis_);
  return load;
}

Count NestBuilder::count(NodeId node, IndexId place) {
  const std::size_t argument = placement_.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, rows_[argument]};
  if (placement_.level(node) != Level::lane) return count;
  count.lanes = stride_class(space_, argument, lane_axis_);
  count.from = offset(argument, place);
  return count;
}

void NestBuilder::define(const std::function<bool(NodeId)>& wanted, IndexId place, Block& block) {
  for (NodeId node : placement_.order) {
    if (!wanted(node)) continue;
    if (reloaded_.has_value() && node == reloaded_->node)
      values_[node.index] = reloaded_->load(place, block);
    else if (body_.node(node).op == Op::input)
      block.emplace_back(load(node, place));
    else if (body_.node(node).op == Op::iota)
      block.emplace_back(count(node, place));
    else
      block.emplace_back(compute(node));
  }
}

void NestBuilder::store_output(std::size_t output, bool streaming, IndexId place, Block& block) {
  const NodeId node = placement_.value(body_.outputs()[output].node);
  const std::uint8_t argument = output_argument(output);
  Store store{.value = values_[node.index],
              .argument = argument,
              .lanes = store_stride(space_, argument),
              .streaming = streaming && strategy_.streamed[output],
              .offset = offset(argument, place),
              .lane_stride = {}};
  if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
  block.emplace_back(store);
}

// --- Bounds between loops ------------------------------------------------------------------------

std::int64_t NestBuilder::vector_bytes(std::size_t output) const {
  return std::int64_t{strategy_.lanes} * info(nest_.arguments[output_argument(output)].dtype).bytes;
}

/// Returns the first place in the range at which the anchor is aligned, at most `to`.
IndexId NestBuilder::peel_bound(IndexId from, IndexId to) {
  const std::size_t anchor = strategy_.anchor;
  const std::uint8_t argument = output_argument(anchor);
  const IndexId distance =
      indices_.to_alignment(argument, offset(argument, from), vector_bytes(anchor));
  return indices_.min(to, indices_.add(from, distance));
}

/// Returns the end of the whole steps that fit between `from` and `to`.
IndexId NestBuilder::step_bound(IndexId from, IndexId to, std::int64_t step) {
  return indices_.add(from, indices_.round_down(indices_.sub(to, from), step));
}

/// Like step_bound, but returns `from` if a streamed output is not aligned where the anchor is.
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

// --- The whole nest ------------------------------------------------------------------------------

/// Sets the prefetch distance of loads of whole vectors. `whole_vectors` is true for the body of a
/// loop with such loads.
void NestBuilder::set_prefetch(Block& block, bool whole_vectors) const {
  for (Statement& statement : block) {
    if (Loop* loop = std::get_if<Loop>(&statement)) {
      set_prefetch(loop->body, loop->kind == LoopKind::vector && loop->lanes > 1 && !loop->masked &&
                                   !loop->interleaved);
    } else if (Load* load = std::get_if<Load>(&statement)) {
      const bool may = whole_vectors && load->lanes == LaneStride::contiguous &&
                       load->argument < strategy_.prefetch.size();
      if (may) load->prefetch = strategy_.prefetch[load->argument];
    }
  }
}

LoopNest NestBuilder::take() {
  set_prefetch(nest_.body, false);
  nest_.locals_in_scratch = !locals_fit_stack(nest_);
  return StatementBuilder::take();
}

// --- Loops ---------------------------------------------------------------------------------------

Loop NestBuilder::parallel_loop() {
  return new_loop(LoopKind::parallel, indices_.begin(), indices_.end());
}

Loop NestBuilder::serial_loop(Span range) {
  return new_loop(LoopKind::serial, range.from, range.to);
}

Loop NestBuilder::vector_loop(Span range, int lanes, int unroll) {
  Loop loop = new_loop(LoopKind::vector, range.from, range.to);
  loop.lanes = static_cast<std::uint16_t>(lanes);
  loop.unroll = static_cast<std::uint16_t>(unroll);
  return loop;
}

IndexId NestBuilder::add_digit(Loop& loop, IndexId radix) {
  loop.digits.push_back({indices_.new_variable(), radix});
  return loop.digits.back().variable;
}

Span NestBuilder::part(IndexId number, int axis, std::int64_t size) {
  const IndexId from = indices_.mul(number, indices_.constant(size));
  return {from, indices_.min(indices_.extent(axis), indices_.add(from, indices_.constant(size)))};
}

/// Appends one loop over the range and returns the end of the range.
IndexId NestBuilder::add_loop(const VectorForm& form, Span range, const ElementBody& body,
                              Block& block) {
  Loop loop = vector_loop(range, form.lanes, form.unroll);
  loop.masked = form.masked;
  loop.interleaved = form.interleaved;
  loop.once = form.once;
  body(loop.variable, form.streaming, loop.body);
  block.emplace_back(std::move(loop));
  return range.to;
}

void NestBuilder::add_elements(Span range, const ElementBody& body, bool stores_outputs,
                               Block& block) {
  // With masks, a range shorter than one vector is one masked step.
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

  const auto [from, to] = range;
  const std::ptrdiff_t streams = stores_outputs ? strategy_.streams() : 0;
  IndexId at = from;
  const auto add = [&](const VectorForm& form, IndexId end) {
    at = add_loop(form, {at, end}, body, block);
  };
  if (stores_outputs && strategy_.peel) add(peel, peel_bound(at, to));
  if (streams > 0) add(stream, stream_bound(at, to, stream.step()));
  // After the peel a single streamed output is aligned, so `stream` covers all whole steps.
  if (streams != 1) add(main, step_bound(at, to, main.step()));
  if (strategy_.middle) add(single, step_bound(at, to, single.step()));
  add(tail, to);
}

}  // namespace sinter::detail
