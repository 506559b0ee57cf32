// Values at which floating-point code goes wrong, and the results of leaky_relu at such values.
#pragma once

#include <concepts>
#include <span>
#include <vector>

namespace sinter::test {

/// Zeros, subnormals, ones and their neighbours, ties, limits of exactness and range, infinities
/// and NaN, in both signs.
template <std::floating_point T>
[[nodiscard]] std::span<const T> special_values();

/// One row of tests/data/leaky_relu_special.csv, for dtype T.
template <std::floating_point T>
struct LeakyReluCase {
  double slope = 0;  ///< as the user passes it, not rounded to T
  T x = 0;
  T forward = 0;
  T gradient = 0;  ///< derivative by x, for an incoming gradient of 1
};

/// All rows of the file. Throws std::runtime_error when it is missing or does not parse.
template <std::floating_point T>
[[nodiscard]] std::vector<LeakyReluCase<T>> leaky_relu_special_cases();

/// Returns true if a and b have the same bits or are both NaN.
template <std::floating_point T>
[[nodiscard]] bool same_value(T a, T b);

}  // namespace sinter::test
