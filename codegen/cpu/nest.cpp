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
struct CpuNest::VectorForm {
  int lanes = 1;
  int unroll = 1;
  bool interleaved = false;
  bool masked = false;
  bool once = false;
  bool streaming = false;
  [[nodiscard]] std::int64_t step() const { return std::int64_t{lanes} * unroll; }
};

CpuNest::CpuNest(const Graph& kernel, const LoopSpace& loops, Placement levels, CpuStrategy chosen)
    : NestDraft(kernel, loops, std::move(levels)), strategy(std::move(chosen)) {}

// --- Places --------------------------------------------------------------------------------------

Cursor CpuNest::row(std::vector<IndexId> positions) {
  return row(std::move(positions), inner_axis(), placement.levels);
}

Cursor CpuNest::row(std::vector<IndexId> positions, int lane_axis,
                    const std::vector<Level>& levels) {
  const std::size_t walked = space.strides.size() / static_cast<std::size_t>(space.rank());
  Cursor at{.positions = std::move(positions),
            .offsets = std::vector<IndexId>(walked, number(0)),
            .lane_axis = lane_axis,
            .levels = &levels,
            .transposed = {}};
  for (std::size_t argument = 0; argument < walked; ++argument) {
    int axis = 0;
    for (IndexId position : at.positions) {
      const int along = axis++;
      if (along == lane_axis) continue;
      const IndexId distance = indices.mul(position, stride(argument, along));
      at.offsets[argument] = indices.add(at.offsets[argument], distance);
    }
  }
  return at;
}

IndexId CpuNest::offset(const Cursor& at, std::size_t argument, IndexId place) {
  return indices.add(at.offsets[argument], indices.mul(place, stride(argument, at.lane_axis)));
}

IndexId CpuNest::place_of_sum(IndexId row, IndexId column) {
  const IndexId in_block = indices.sub(row, sums->first_row);
  const IndexId first = indices.mul(in_block, number(sums->columns));
  return indices.add(first, indices.sub(column, sums->first_column));
}

// --- Statements ----------------------------------------------------------------------------------

ValueId CpuNest::load_local(std::uint8_t local, IndexId place, Block& block) {
  const ValueId loaded = new_value(result.arguments[local].dtype);
  block.emplace_back(Load{loaded, local, LaneStride::contiguous, place, {}});
  return loaded;
}

void CpuNest::store_local(std::uint8_t local, IndexId place, ValueId value, Block& block,
                          bool whole) {
  block.emplace_back(Store{.value = value,
                           .argument = local,
                           .lanes = LaneStride::contiguous,
                           .whole = whole,
                           .offset = place,
                           .lane_stride = {}});
}

Load CpuNest::load(const Cursor& at, NodeId node, IndexId place) {
  const auto argument = static_cast<std::uint8_t>(body.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, at.offsets[argument], {}};
  if (at.level(node) != Level::lane) return load;
  load.lanes = stride_class(space, argument, at.lane_axis);
  const TransposedRow& transposed = at.transposed;
  if (argument < transposed.locals.size() && transposed.locals[argument].has_value()) {
    load.lanes = LaneStride::contiguous;
    load.argument = *transposed.locals[argument];
    load.offset = indices.add(transposed.row, indices.sub(place, transposed.column));
    return load;
  }
  load.offset = offset(at, argument, place);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, at.lane_axis);
  return load;
}

Count CpuNest::count(const Cursor& at, NodeId node, IndexId place) {
  const std::size_t argument = placement.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, at.offsets[argument]};
  if (at.level(node) != Level::lane) return count;
  count.lanes = stride_class(space, argument, at.lane_axis);
  count.from = offset(at, argument, place);
  return count;
}

Load CpuNest::load_sum(const Cursor& at, NodeId product, IndexId place) {
  SINTER_ASSERT(sums.has_value(), "the product is computed");
  const IndexId row = at.positions[static_cast<std::size_t>(rows_axis())];
  return {new_value(product), sums->local, LaneStride::contiguous, place_of_sum(row, place), {}};
}

void CpuNest::define(const Cursor& at, const Wanted& wanted, IndexId place, Block& block) {
  const auto read = [&](NodeId node) -> Statement {
    if (body.node(node).op == Op::input) return load(at, node, place);
    if (body.node(node).op == Op::iota) return count(at, node, place);
    return load_sum(at, node, place);
  };
  NestDraft::define(wanted, read, block);
}

void CpuNest::store_output(const Cursor& at, std::size_t output, bool streaming, IndexId place,
                           Block& block) {
  const std::uint8_t argument = output_argument(output);
  Store store{.value = value_of(body.outputs()[output].node),
              .argument = argument,
              .lanes = store_stride(space, argument),
              .streaming = streaming && strategy.streamed[output],
              .offset = offset(at, argument, place),
              .lane_stride = {}};
  if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
  block.emplace_back(store);
}

void CpuNest::store_outputs(const Cursor& at, bool streaming, IndexId place, Block& block) {
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    store_output(at, i, streaming, place, block);
  }
}

// --- Bounds between loops ------------------------------------------------------------------------

std::int64_t CpuNest::vector_bytes(std::size_t output) const {
  return std::int64_t{strategy.lanes} * info(result.arguments[output_argument(output)].dtype).bytes;
}

/// Returns the first place in the range at which the anchor is aligned, at most `to`.
IndexId CpuNest::peel_bound(const Cursor& at, IndexId from, IndexId to) {
  const std::size_t anchor = strategy.anchor;
  const std::uint8_t argument = output_argument(anchor);
  const IndexId distance =
      indices.to_alignment(argument, offset(at, argument, from), vector_bytes(anchor));
  return indices.min(to, indices.add(from, distance));
}

/// Returns the end of the whole steps that fit between `from` and `to`.
IndexId CpuNest::step_bound(IndexId from, IndexId to, std::int64_t step) {
  return indices.add(from, indices.round_down(indices.sub(to, from), step));
}

/// Returns 1 if no streamed output aliases an input, or if that does not matter, else 0. An output
/// may alias only an input of the same layout and element size.
IndexId CpuNest::no_alias() {
  IndexId all = number(1);
  const auto bytes = [&](std::size_t argument) {
    return info(result.arguments[argument].dtype).bytes;
  };
  const auto alike = [&](std::size_t input, std::size_t output) {
    for (int axis = 0; axis < space.rank(); ++axis) {
      if (stride_class(space, input, axis) != stride_class(space, output, axis)) return false;
    }
    return bytes(input) == bytes(output);
  };
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    if (!strategy.streamed[i] || strategy.streamed_in_place) continue;
    const std::uint8_t output = output_argument(i);
    for (std::uint8_t input = 0; input < body.inputs().size(); ++input) {
      if (!alike(input, output)) continue;
      all = indices.mul(all, indices.distinct(output, input));
    }
  }
  return all;
}

/// Like step_bound, but returns `from` if a streamed output is not aligned where the anchor is, or
/// aliases an input.
IndexId CpuNest::stream_bound(const Cursor& at, IndexId from, IndexId to, std::int64_t step) {
  IndexId count = indices.mul(indices.round_down(indices.sub(to, from), step), no_alias());
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    if (i == strategy.anchor || !strategy.streamed[i]) continue;
    const std::uint8_t argument = output_argument(i);
    const IndexId here = offset(at, argument, from);
    count = indices.mul(count, indices.aligned(argument, here, vector_bytes(i)));
  }
  return indices.add(from, count);
}

// --- The whole nest ------------------------------------------------------------------------------

/// Sets the prefetch distance of loads of whole vectors. `whole_vectors` is true for the body of a
/// loop with such loads.
void CpuNest::set_prefetch(Block& block, bool whole_vectors) const {
  for (Statement& statement : block) {
    if (Loop* loop = std::get_if<Loop>(&statement)) {
      set_prefetch(loop->body, loop->kind == LoopKind::vector && loop->lanes > 1 && !loop->masked &&
                                   !loop->interleaved);
    } else if (Load* load = std::get_if<Load>(&statement)) {
      const bool may = whole_vectors && load->lanes == LaneStride::contiguous &&
                       load->argument < strategy.prefetch.size();
      if (may) load->prefetch = strategy.prefetch[load->argument];
    }
  }
}

LoopNest CpuNest::take() {
  set_prefetch(result.body, false);
  result.locals_in_scratch = !locals_fit_stack(result);
  return NestDraft::take();
}

// --- Loops ---------------------------------------------------------------------------------------

Loop CpuNest::parallel_loop() {
  return new_loop(LoopKind::parallel, {indices.begin(), indices.end()});
}

Loop CpuNest::serial_loop(Span range) { return new_loop(LoopKind::serial, range); }

Loop CpuNest::vector_loop(Span range, int lanes, int unroll) {
  Loop loop = new_loop(LoopKind::vector, range);
  loop.lanes = static_cast<std::uint16_t>(lanes);
  loop.unroll = static_cast<std::uint16_t>(unroll);
  return loop;
}

Span CpuNest::part_of_axis(int axis, IndexId index, std::int64_t size) {
  return part({number(0), indices.extent(axis)}, index, size);
}

void CpuNest::add_elements(Span range, const ElementBody& element, Block& block) {
  add_elements(nullptr, range, element, block);
}

void CpuNest::add_output_elements(const Cursor& at, Span range, const ElementBody& element,
                                  Block& block) {
  add_elements(&at, range, element, block);
}

/// `outputs_at` is the row in which `element` stores outputs, if it does.
void CpuNest::add_elements(const Cursor* outputs_at, Span range, const ElementBody& element,
                           Block& block) {
  // With masks, a range shorter than one vector is one masked step.
  const VectorForm peel{.lanes = strategy.masks ? strategy.lanes : 1,
                        .masked = strategy.masks,
                        .once = strategy.masks};
  VectorForm tail = peel;
  tail.once = strategy.masks && (strategy.middle || strategy.unroll == 1);
  const VectorForm single{.lanes = strategy.lanes};
  const VectorForm main{
      .lanes = strategy.lanes, .unroll = strategy.unroll, .interleaved = strategy.interleave};
  VectorForm stream = main;
  stream.streaming = true;

  const auto [from, to] = range;
  IndexId at = from;
  const auto add = [&](const VectorForm& form, IndexId end) {
    Loop loop = vector_loop({at, end}, form.lanes, form.unroll);
    loop.masked = form.masked;
    loop.interleaved = form.interleaved;
    loop.once = form.once;
    element(loop.variable, form.streaming, loop.body);
    block.emplace_back(std::move(loop));
    at = end;
  };
  const std::ptrdiff_t streams = outputs_at != nullptr ? strategy.streams() : 0;
  if (outputs_at != nullptr && strategy.peel) add(peel, peel_bound(*outputs_at, at, to));
  if (streams > 0) add(stream, stream_bound(*outputs_at, at, to, stream.step()));
  // After the peel a single streamed output is aligned, so `stream` covers all whole steps, unless
  // a call may be in place.
  const bool streams_all = streams == 1 && no_alias() == number(1);
  if (!streams_all) add(main, step_bound(at, to, main.step()));
  if (strategy.middle) add(single, step_bound(at, to, single.step()));
  add(tail, to);
}

}  // namespace sinter::detail
