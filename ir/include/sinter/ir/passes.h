// Passes from Graph to Graph. Each is a free function and returns a new graph with the same inputs,
// outputs and parameters (dead ones included: buffers are bound by position), in linear time.
#pragma once

#include <cstdint>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/ir/plan.h>

namespace sinter {

/// Folds constants through the interpreter, applies identities that are exact for every input
/// (x*1, x/1, x-0, x+(-0), double negation, select with equal sides, conversions to the own dtype,
/// ... never x+0 or x*0), and drops dead nodes. Parameters are not read.
[[nodiscard]] SINTER_API Graph simplify(const Graph& graph);

/// Replaces every composite by its body over primitives. `parameters` (by payload; one per
/// parameter of the graph) is read for one purpose: a leaky_relu whose slope, rounded to the
/// compute dtype, lies in (0, 1] becomes `m = x*s; m > x ? m : x`, equal bit for bit to the select
/// on x > 0 there, and one instruction cheaper. On 16-bit floats, of which `widen` leaves none, a
/// body stands between conversions.
[[nodiscard]] SINTER_API Graph expand(const Graph& graph, std::span<const double> parameters);

/// When 16-bit floats are rounded. In both cases a number (a parameter or a constant) beside an op
/// keeps its f32 value, and is rounded to its dtype where it is a tensor of its own: converted,
/// bitcast, moved, broadcast or stored.
enum class Rounding : std::uint8_t {
  at_store,  ///< where memory holds them: inputs, outputs, and explicit conversions
  each_op,   ///< after every op of the graph, as when ops run one by one. One op is: a composite; a
             ///< reduction, over axes that lie apart too; a mean, a variance, a softmax and their
             ///< like; a product; the gradient of an op by one operand, with the sum over what was
             ///< broadcast. Adding up the gradients of several uses is an op of its own.
};

/// Replaces ops on f16 and bf16 by ops on f32: inputs and outputs keep their dtype and are
/// converted at the border, so that every way of cutting the graph into kernels gives the same
/// bits.
[[nodiscard]] SINTER_API Graph widen(const Graph& graph, Rounding rounding);
/// Whether `widen` has anything to do.
[[nodiscard]] SINTER_API bool has_storage_floats(const Graph& graph);

/// Replaces transpose, reshape, slice and pad of a simplified graph by `view`s of inputs, concats,
/// and values that are to be stored, and moves ops that follow a concat into its parts. Under
/// Fuse::none nothing moves through ops.
[[nodiscard]] SINTER_API Graph place_views(Graph graph, Fuse fuse);

/// Cuts reductions to fewer than `limits.units` results, of `limits.chunked_bytes` or more, in two,
/// and those of long columns: to the results of chunks, and those to the whole. Same bits.
[[nodiscard]] SINTER_API Graph chunk_reductions(Graph graph, const PlanLimits& limits);

/// Replaces parameters by constants of their values: what `Specialize::scalars` asks for.
[[nodiscard]] SINTER_API Graph bake_parameters(const Graph& graph);

}  // namespace sinter
