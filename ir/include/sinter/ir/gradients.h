// Gradients: the backward pass of a graph, recorded into that graph as ordinary ops.
//
//   Value loss = (x.mm(w) + b).leaky_relu(0.01).square().mean();
//   std::vector<Value> d = gradients(loss, {w, b});
//
// The recorded ops print, fuse and compile like any others, and can be differentiated again. The
// graph alone determines the bits of a gradient: the walk visits nodes from the loss backwards, in
// the reverse of the order in which they were recorded. The contributions of several uses of a
// value are added one after the other. That of the use recorded last comes first; within one op,
// that of the first operand does. The gradient of a broadcast operand is a sum over the axes along
// which it was broadcast, in the order of reduction.h.
//
// On 16-bit floats, the gradient of one op with respect to one operand is computed in f32, with the
// sum over broadcast axes. It counts as one op for Rounding; `recast` nodes in the graph mark this.
//
// Conventions where a derivative is not unique, with g for the gradient of the result:
//   min, max       two equal operands get g / 2 each; if either is NaN, both get g
//   amin, amax     all elements that equal the extreme get equal shares of g; if the extreme is
//                  NaN, all elements do
//   abs, relu      0 at x = 0
//   relu6, hardtanh, hardsigmoid, hardswish
//                  at a corner, the slope of the outer piece
//   clamp          g goes to x if it equals a bound, and to the bound if x is beyond the bound or
//                  the bound is NaN
//   threshold      0 where x <= threshold
//   softshrink, hardshrink
//                  0 where |x| <= lambda
//   leaky_relu     x > 0 ? g : g * slope
//   prelu          for x as leaky_relu; for the weight x > 0 ? 0 : g * x
//   pow            for x: 0 if the exponent is 0; for the exponent: 0 at x = 0, unless the exponent
//                  is negative. The mixed derivative at x = 0 is -inf for exponents between 0 and
//                  1, and 0 for exponents from 1 on
//   fmod, remainder
//                  for x: g; for b: -g * n, with the integer n of the result x - n * b
//   floor, ceil, trunc, round, sign, detach, floor_divide
//                  0 everywhere
// If the slope is not negative, the result of leaky_relu is positive exactly where x is. Its rule
// then compares the result with 0, unless x is an input; else it compares x. So the sign of a slope
// affects the structure of the graph.
//
// Errors of first and second derivatives are a few ULP of the derivative, or of its terms where
// these cancel. There are three exceptions:
//   - The rules of sigmoid, tanh, softmax and both gelus, and the second derivatives of softplus
//     and logsigmoid, read the result of their op instead of its operand, so that a backward pass
//     keeps one tensor less. Their errors are absolute: 1 ULP of 1.0, and 2 in the second
//     derivative of tanh.
//   - pow records exponent - 1, and |log x| magnifies the rounding of this difference.
//   - Intermediate products may overflow: the gradient of prod multiplies halves of the elements
//     with each other, element by element, until one element remains.
//
// No gradient is defined for integers, bools and bitcasts, nor for numbers that are attributes of
// an op. The slope of leaky_relu is one; prelu takes a tensor of slopes.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter {

/// Records and returns the derivatives of `loss`, a float of shape [], with respect to each value
/// in `of`. Each derivative has the dtype and shape of its value, and is a new Value.
///
/// The values may be inputs, parameters or intermediate results. Each stands for its own node: the
/// derivative with respect to `h1 = x.relu()` ignores uses of an equal `h2 = x.relu()`. Takes time
/// linear in the nodes between `of` and the loss.
///
/// Throws Error, and then records nothing: invalid_argument if `of` is empty, or if the loss does
/// not depend on a value through ops that have a gradient; shape_mismatch if the shape of the loss
/// is not []; dtype_mismatch if the loss or a value is not floating; invalid_graph for a value of
/// another graph.
[[nodiscard]] SINTER_API std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
[[nodiscard]] inline std::vector<Value> gradients(const Value& loss,
                                                  std::initializer_list<Value> of) {
  return gradients(loss, std::span<const Value>(of.begin(), of.size()));
}

/// True if the gradient of `node` flows to the operand at position `operand`. False for detach, for
/// step functions such as floor, for comparisons, and for integers.
[[nodiscard]] SINTER_API bool passes_gradient(const Graph& graph, NodeId node, std::size_t operand);

}  // namespace sinter
