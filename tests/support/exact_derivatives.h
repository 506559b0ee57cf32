// First and second derivatives of ops for comparison: formulas in long double that share nothing
// with the library's rules and follow the conventions of gradients.h.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <ostream>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::test {

using Real = long double;

/// A sum, and the sum of the magnitudes of its terms. Where the terms cancel, an error is measured
/// against the terms and not against their sum.
struct Terms {
  Terms(Real number = 0) : value(number), size(std::abs(number)) {}  // NOLINT: implicit
  /// Returns a value with which every result agrees: nothing is promised there.
  static Terms anything() {
    Terms terms;
    terms.size = -1;
    return terms;
  }
  [[nodiscard]] bool is_anything() const { return size < 0; }

  Real value;
  Real size;

  Terms& operator+=(const Terms& other) {
    value += other.value;
    size += other.size;
    return *this;
  }
  friend Terms operator+(Terms a, const Terms& b) { return a += b; }
  friend Terms operator-(Terms a, Terms b) {
    b.value = -b.value;
    return a += b;
  }
  friend Terms operator*(Terms a, const Terms& b) {
    a.value *= b.value;
    a.size *= b.size;
    return a;
  }
};

/// All derivatives of one element of a result: with respect to each operand and each pair.
struct Partials {
  std::array<Terms, kMaxOperands> first;
  std::array<std::array<Terms, kMaxOperands>, kMaxOperands> second;
};

/// Magnitudes below which errors of derivatives are absolute: an error is counted in the units of
/// the last place of the derivative or of this magnitude, whichever is larger.
struct Absolute {
  Real first = 0;   ///< of first derivatives; 1 for rules that read only the result of the op
  Real second = 0;  ///< of second derivatives
  /// In multiples of the smallest normal number. More than 1 if a part of the derivative is
  /// subnormal and the rest magnifies its error.
  Real smallest = 1;
};

/// The derivatives of an elementwise op, and limits for the errors of sinter's derivatives.
struct ExactDerivatives {
  Op op{};
  std::function<Partials(std::span<const Real> operands)> partials;
  /// Largest errors, in units of the last place of the exact value, of the sum of the magnitudes of
  /// its terms, or of `absolute`, whichever is largest.
  double first_limit = 1;
  double second_limit = 1;
  Absolute absolute = {};
  std::vector<double> attributes = {};  ///< values of the op's attributes
  /// The result of the op, if the rule of the second derivatives reads it. Where the result is out
  /// of the range of normal numbers but neither 0 nor infinite, second derivatives are not
  /// compared.
  std::function<Real(std::span<const Real> operands)> result = {};
};

/// Prints the row for gtest.
void PrintTo(const ExactDerivatives& row, std::ostream* out);

/// One or more rows for every elementwise op that has a gradient.
[[nodiscard]] std::span<const ExactDerivatives> exact_derivatives();

/// Returns the error of `got`, in units of the last place as ExactDerivatives counts them. `least`
/// is the magnitude below which errors are absolute. Infinity counts as the power of two above the
/// largest float.
[[nodiscard]] double error_in_ulp(float got, const Terms& exact, Real least);
[[nodiscard]] double error_in_ulp(double got, const Terms& exact, Real least);

}  // namespace sinter::test
