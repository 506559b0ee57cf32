// Passes from Graph to Graph.
//
// Each pass is a free function that takes linear time and returns a new graph. The new graph has
// the same inputs, outputs and parameters; unused ones stay, because buffers are bound by position.
#pragma once

#include <cstdint>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/ir/plan.h>

namespace sinter {

/// Folds constants with the interpreter, applies identities that are exact for every input, merges
/// equal nodes and drops dead ones. The identities are x*1, x/1, x-0, x+(-0), double negation,
/// select between equal values, conversion to the same dtype and the like; x+0 and x*0 are not
/// exact. Values of parameters are not read.
[[nodiscard]] SINTER_API Graph simplify(const Graph& graph);

/// Replaces every composite by its body over primitives.
///
/// `parameters` has the value of each parameter of the graph. It decides one thing: a leaky_relu
/// whose slope, rounded to the compute dtype, lies in (0, 1] becomes `m = x*s; m > x ? m : x`. This
/// has the same bits as the select on x > 0, and takes one instruction less. A composite on 16-bit
/// floats becomes a body in f32 between conversions; after `widen` there is none.
[[nodiscard]] SINTER_API Graph expand(const Graph& graph, std::span<const double> parameters);

/// When values of f16 and bf16 are rounded to their dtype. Under both options, a number (parameter
/// or constant) that is an operand keeps its f32 value. It is rounded where it is itself the
/// tensor: converted, bitcast, moved, broadcast or stored.
enum class Rounding : std::uint8_t {
  /// At outputs of the graph, at explicit conversions to f16 or bf16, and before a bitcast.
  at_store,
  /// After every op too, as if the ops ran one by one. Each of these is one op: a composite; a
  /// reduction, whatever its axes; mean, variance, softmax, log_softmax, logsumexp and layer_norm;
  /// a product; the gradient of an op with respect to one operand, with its sum over broadcast
  /// axes. The addition of the gradients of several uses is a separate op.
  each_op,
};

/// Replaces ops on f16 and bf16 by ops on f32, with conversions after inputs and before outputs,
/// which keep their dtypes. All roundings are then nodes of the graph, so the bits do not depend on
/// how the planner cuts it into kernels.
[[nodiscard]] SINTER_API Graph widen(const Graph& graph, Rounding rounding);
/// True if the graph has nodes of dtype f16 or bf16, which `widen` would replace.
[[nodiscard]] SINTER_API bool has_storage_floats(const Graph& graph);

/// Replaces transpose, reshape, slice and pad of a simplified graph by concats and by `view`s of
/// inputs and of values that will be stored. Moves ops that follow a concat into its parts. Under
/// Fuse::none no structural op moves through other ops.
[[nodiscard]] SINTER_API Graph place_views(Graph graph, Fuse fuse);

/// Splits reductions that have too few results to occupy all threads, or that reduce long columns,
/// in two: one to the results of chunks, and one of these results. The bits do not change.
/// PlanLimits::units, chunked_bytes and column_bytes say which reductions these are.
[[nodiscard]] SINTER_API Graph chunk_reductions(Graph graph, const PlanLimits& limits);

/// Replaces every parameter by a constant of its value; Specialize::scalars selects this pass.
[[nodiscard]] SINTER_API Graph bake_parameters(const Graph& graph);

}  // namespace sinter
