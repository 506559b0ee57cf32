// The text form of a graph: it is versioned and canonical, and parses to an equal graph.
//
//   sinter graph 1
//   %0 = input "x": f32[1797, 64]
//   %1 = input "bias": f32[64] strides [2]
//   %2 = add(%0, %1): f32[1797, 64]
//   %3 = leaky_relu(%2, negative_slope=0.2): f32[1797, 64]
//   %4 = mul(%3, 0.5): f32[1797, 64]
//   %5 = fma(%4, const 2, %1): f32[1797, 64]
//   output "y" = %5
//
// A scalar prints where it is used. A bare number is a parameter, a number that the user gave; a
// number after `const` is a constant, part of the structure. A scalar prints as a node of its own,
// such as `%6 = parameter 0.5: f32[]`, if it is an output or has several uses, or if the other
// operands do not tell its dtype.
//
// Numbers print in the shortest form that parses to the same bits, or as inf, -inf or nan. A number
// without a point and exponent is an integer and must be exact in f64; beyond 2^53 many are not,
// and are an error. `donated` may follow the type and strides of an input. `#` starts a comment.
#pragma once

#include <string>
#include <string_view>

#include <sinter/ir/graph.h>

namespace sinter {

struct PrintOptions {
  /// True to print `$k` instead of the value of parameter k. Graphs with the same structure then
  /// have the same text.
  bool parameter_names = false;
};

/// Returns the text form of `graph`.
[[nodiscard]] SINTER_API std::string print(const Graph& graph, const PrintOptions& options = {});

/// Parses the text form. Throws Error(parse_error) with line and column, the line itself and a
/// caret. Errors of the graph builder, such as those of dtypes and shapes, are also reported with
/// their place in the text.
[[nodiscard]] SINTER_API Graph parse(std::string_view text);

/// Returns `value` in the shortest decimal form that parses to the same bits, or inf, -inf or nan.
[[nodiscard]] SINTER_API std::string to_text(double value);
/// Returns the text of a table, such as "[0, 0.5, ...]".
[[nodiscard]] SINTER_API std::string to_text(const LookupTable& table);

}  // namespace sinter
