// The text form of a graph: versioned, canonical, and read back to an equal graph.
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
// Scalars print where they are used: a bare number is a parameter (a number that the user gave), a
// number behind `const` belongs to the structure. Where neither position nor context would tell its
// dtype (a scalar that is itself an output, is used twice, or meets only other scalars) it prints
// as a node of its own: `%6 = parameter 0.5: f32[]`. Numbers print in the shortest form that reads
// back to the same bits; also inf, -inf, nan. A number without a point or an exponent is an
// integer, and is never rounded: beyond 2^53 f64 holds some of them, and others are an error. After
// its strides an input may be `donated`. `#` starts a comment.
#pragma once

#include <string>
#include <string_view>

#include <sinter/ir/graph.h>

namespace sinter {

struct PrintOptions {
  /// Print `$k` for parameter k instead of its value: what graphs of one structure share.
  bool parameter_names = false;
};

[[nodiscard]] SINTER_API std::string print(const Graph& graph, const PrintOptions& options = {});

/// Reads the text form. Throws Error(parse_error) with line, column, the line and a caret; what the
/// graph builder refuses (dtypes, shapes) is reported at the place in the text where it stands.
[[nodiscard]] SINTER_API Graph parse(std::string_view text);

/// A double in the shortest decimal form that reads back to the same value; inf, -inf, nan.
[[nodiscard]] SINTER_API std::string to_text(double value);
/// [0, 0.5, ...]
[[nodiscard]] SINTER_API std::string to_text(const LookupTable& table);

}  // namespace sinter
