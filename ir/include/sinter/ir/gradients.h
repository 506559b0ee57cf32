// Gradients: the backward pass of a graph, recorded into that graph as ordinary ops.
//
//   Value loss = (x.mm(w) + b).leaky_relu(0.01).square().mean();
//   std::vector<Value> d = gradients(loss, {w, b});
//
// Nothing about the result is special: it prints, fuses, compiles and is differentiated again like
// what was there before. Which bits it has follows from the graph alone. The walk goes from the
// loss to earlier nodes in the order in which they were recorded; where a value has several uses,
// their contributions are added one after the other, that of the last recorded use first, and
// within one op by operand. Where an operand was repeated by broadcasting, its gradient is a sum
// over the repetitions, in the order of reduction.h.
//
// Of 16-bit floats, the gradient of one op by one operand is computed in f32, the sum over
// repetitions included, and counts as one op for Rounding: the recasts around it stand in the
// graph.
//
// Conventions, where a derivative is not unique:
//   min, max         half to each of two equal operands; to both where either is NaN
//   amin, amax       in equal parts to all elements that are the extreme; to all where it is NaN
//   abs, relu        0 at 0; relu6, hardtanh, hardsigmoid, hardswish: as outside, at their corners
//   clamp            to x at a bound, to the bound where x is beyond it or the bound is NaN
//   threshold, softshrink, hardshrink: 0 where the comparison with the threshold holds
//   leaky_relu       x > 0 ? g : g * slope; prelu's weight: x > 0 ? 0 : g * x
//   pow              0 for x by exponent 0, and for the exponent at x = 0 unless it is negative.
//   The
//                    mixed derivative at x = 0 is -inf for exponents between 0 and 1, 0 from 1 on
//   floor, ceil, trunc, round, sign, detach, floor_divide    0 everywhere
// leaky_relu's is recorded from the result, which is positive where x is, unless x is an input or
// the slope negative: graphs of slopes of either kind have structures of their own.
//
// Errors of first and second derivatives are of a few units in the last place of the derivative,
// also where that is small (of its terms where they cancel), with these exceptions. A rule takes
// the result of its op rather than the operand where that saves a tensor that a backward pass would
// keep: then errors are absolute, of 1 unit in the last place of 1, and of 2 in second derivatives
// of tanh. These are sigmoid, tanh and softmax, the second derivatives of softplus and logsigmoid,
// and both gelus. pow records exponent - 1, whose rounding |log x| magnifies. Where a gradient is a
// product, it may overflow on the way: prod multiplies halves of the elements, element by element.
//
// No gradient is defined for integers, masks, bits, and numbers that are attributes of an op (the
// slope of leaky_relu: prelu takes a tensor).
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter {

/// The derivatives of `loss`, a floating scalar, with respect to each value in `of`, which has its
/// dtype and shape. These may be inputs, parameters, or values computed on the way, each as itself:
/// by `h1 = x.relu()`, what uses an equal `h2 = x.relu()` does not count. The results are Values of
/// their own. Takes time linear in the nodes between `of` and the loss.
///
/// Throws Error, and records nothing then: invalid_argument where `of` is empty, or where the loss
/// does not depend on a value or does so only through ops that have no gradient; shape_mismatch for
/// a loss that is not a scalar; dtype_mismatch for what is not floating; invalid_graph for a value
/// of another graph.
[[nodiscard]] SINTER_API std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
[[nodiscard]] inline std::vector<Value> gradients(const Value& loss,
                                                  std::initializer_list<Value> of) {
  return gradients(loss, std::span<const Value>(of.begin(), of.size()));
}

/// Whether a gradient of a node goes on to its operand of this position. Not through detach, the
/// likes of floor, comparisons, and integers.
[[nodiscard]] SINTER_API bool passes_gradient(const Graph& graph, NodeId node, std::size_t operand);

}  // namespace sinter
