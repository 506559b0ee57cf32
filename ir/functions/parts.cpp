// The building blocks of function bodies.
#include "functions/parts.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <sinter/ir/assert.h>

namespace sinter::detail::functions {

Value record(Op op, std::initializer_list<Term> terms) {
  const auto first =
      std::ranges::find_if(terms, [](const Term& term) { return term.value() != nullptr; });
  SINTER_ASSERT(first != terms.end(), "one operand must be a Value, with a graph and a dtype");
  std::array<Value, kMaxOperands> operands;
  std::size_t count = 0;
  for (const Term& term : terms) operands[count++] = term.beside(*first->value());
  return Value::apply(op, {operands.data(), count});
}

Value choose(const Value& condition, const Term& a, const Term& b) {
  const Value& like = a.value() != nullptr ? *a.value() : *b.value();
  const Value first = a.beside(like);
  const Value second = b.beside(like);
  return condition.select(first, second);
}

// Each is one instruction on x86, whose minimum and maximum return the second operand for NaN.
Value at_most(const Value& x, double bound) { return choose(less(bound, x), bound, x); }
Value at_least(const Value& x, double bound) { return choose(greater(bound, x), bound, x); }

Value polynomial(const Value& x, std::span<const double> coefficients) {
  SINTER_ASSERT(coefficients.size() >= 2, "a polynomial has two coefficients or more");
  const std::size_t last = coefficients.size() - 1;
  Value sum = fma(x, coefficients[last], coefficients[last - 1]);
  for (std::size_t i = last - 1; i-- > 0;) sum = fma(sum, x, coefficients[i]);
  return sum;
}

// --- Bits ----------------------------------------------------------------------------------------

namespace {

Value raw_bitcast(const Value& x, DType dtype) {
  return Value::apply(Op::raw_bitcast, std::span(&x, 1), {.dtype = dtype, .shape = std::nullopt});
}

}  // namespace

Value bits_of(const Value& x) {
  return raw_bitcast(x, x.dtype() == DType::f32 ? DType::i32 : DType::i64);
}

Value float_of(const Value& bits) {
  return raw_bitcast(bits, bits.dtype() == DType::i32 ? DType::f32 : DType::f64);
}

Value with_sign_of(const Value& x, const Value& sign) {
  const Value magnitude = bits_of(x);
  // Only the sign bit of the lowest integer is set.
  const double lowest = by_dtype(x, -0x1p31, -0x1p63);
  const Value bit = record(Op::bit_and, {bits_of(sign), lowest});
  return float_of(magnitude.bit_or(bit));
}

const Format& format(DType dtype) {
  static constexpr Format kF32{23, 127, 0x1.8p23};
  static constexpr Format kF64{52, 1023, 0x1.8p52};
  SINTER_ASSERT(dtype == DType::f32 || dtype == DType::f64, "functions compute in f32 or f64");
  return dtype == DType::f32 ? kF32 : kF64;
}

}  // namespace sinter::detail::functions
