// First and second derivatives of ops as the tests know them: by formulas in long double that share
// nothing with the library's rules, and with the conventions of gradients.h.
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

/// A sum, and the sum of the magnitudes of its terms: where they cancel, errors are of the terms.
struct Terms {
  Terms(Real number = 0) : value(number), size(std::abs(number)) {}  // NOLINT: implicit
  /// Of which nothing is promised.
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

/// All derivatives of one element of a result: by each operand, and by each two.
struct Partials {
  std::array<Terms, kMaxOperands> first;
  std::array<std::array<Terms, kMaxOperands>, kMaxOperands> second;
};

/// Numbers beside which small derivatives may be off.
struct Absolute {
  Real first = 0;  ///< 1 for rules that know only the result of the op, or the like
  Real second = 0;
  /// Of the smallest normal number: where a part of the derivative is subnormal, and magnified.
  Real smallest = 1;
};

/// The derivatives of an elementwise op, and how far those of sinter may be off.
struct ExactDerivatives {
  Op op{};
  std::function<Partials(std::span<const Real> operands)> partials;
  /// In units of the last place of the exact value, or of its terms where they are larger, or of
  /// `absolute` where that is.
  double first_limit = 1;
  double second_limit = 1;
  Absolute absolute = {};
  std::vector<double> attributes = {};  ///< the numbers of its attributes
  /// The result, for an op whose second derivatives take it for a part: where it is out of the
  /// range of normal numbers, without being 0 or infinite, they are not compared.
  std::function<Real(std::span<const Real> operands)> result = {};
};

/// How gtest names it.
void PrintTo(const ExactDerivatives& row, std::ostream* out);

/// One or more for every elementwise op that has a gradient.
[[nodiscard]] std::span<const ExactDerivatives> exact_derivatives();

/// How far `got` is from `exact`, in units of the last place as ExactDerivatives counts them.
/// `least` is the number beside which smaller ones may be off. Infinity counts as the power of two
/// above the largest float.
[[nodiscard]] double error_in_ulp(float got, const Terms& exact, Real least);
[[nodiscard]] double error_in_ulp(double got, const Terms& exact, Real least);

}  // namespace sinter::test
