// The meaning of every primitive, one line each, on C++ values of its element types.
//
// `evaluate` and the loops of `interpret` are two instantiations of this one list. Arithmetic is in
// the element type itself, never wider: f32 rounds as f32. Code that includes this is compiled
// with contraction off and runs in the default floating-point environment.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include <sinter/ir/assert.h>
#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// The C++ types of a primitive's operands.
template <typename... T>
struct Types {};

/// IEEE-754 minimum: NaN if either is NaN, and -0 < +0. std::min and std::fmin are neither.
template <typename T>
T minimum(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

/// IEEE-754 maximum: NaN if either is NaN, and -0 < +0.
template <typename T>
T maximum(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

/// Calls visit(T{}) with T the C++ type of `dtype`.
template <typename Visitor>
void visit_type(DType dtype, Visitor visit) {
  switch (dtype) {
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  case DType::name:                                 \
    return visit(type{});
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
  }
}

/// Calls visit(f, Types<T...>{}) with T the floating type of `dtype`, as often as f takes operands.
template <typename F, typename Visitor>
void visit_floating(DType dtype, Visitor& visit, F f) {
  visit_type(dtype, [&]<typename T>(T) {
    if constexpr (!std::is_floating_point_v<T>) {
      SINTER_ASSERT(false, "arithmetic and comparisons are on floating dtypes");
    } else if constexpr (std::is_invocable_v<F, T>) {
      visit(f, Types<T>{});
    } else if constexpr (std::is_invocable_v<F, T, T>) {
      visit(f, Types<T, T>{});
    } else {
      visit(f, Types<T, T, T>{});
    }
  });
}

template <typename Visitor>
void visit_select(DType dtype, Visitor& visit) {
  visit_type(dtype, [&]<typename T>(T) {
    visit([](bool condition, T a, T b) { return condition ? a : b; }, Types<bool, T, T>{});
  });
}

/// C++ converts as the table asks: to nearest even, to bool by != 0, from bool to 0 or 1.
template <typename Visitor>
void visit_convert(DType from, DType to, Visitor& visit) {
  visit_type(from, [&]<typename From>(From) {
    visit_type(to, [&]<typename To>(To) {
      visit([](From x) { return static_cast<To>(x); }, Types<From>{});
    });
  });
}

/// Calls visit(f, Types<...>{}) with what `op` does to one element and the types that it takes.
/// `dtype` is the operands' for comparisons, convert's source, otherwise the result's; `to` is the
/// result's.
template <typename Visitor>
void visit_primitive(Op op, DType dtype, DType to, Visitor visit) {
  const auto floating = [&](auto f) { visit_floating(dtype, visit, f); };
  const auto unary_mask = [&](auto f) { visit(f, Types<bool>{}); };
  const auto binary_mask = [&](auto f) { visit(f, Types<bool, bool>{}); };
  switch (op) {
    case Op::broadcast: return visit_convert(to, to, visit);
    case Op::convert: return visit_convert(dtype, to, visit);
    case Op::select: return visit_select(to, visit);
    case Op::add: return floating([](auto a, auto b) { return a + b; });
    case Op::sub: return floating([](auto a, auto b) { return a - b; });
    case Op::mul: return floating([](auto a, auto b) { return a * b; });
    case Op::div: return floating([](auto a, auto b) { return a / b; });
    case Op::fma: return floating([](auto a, auto b, auto c) { return std::fma(a, b, c); });
    case Op::min: return floating([](auto a, auto b) { return minimum(a, b); });
    case Op::max: return floating([](auto a, auto b) { return maximum(a, b); });
    case Op::neg: return floating([](auto x) { return -x; });
    case Op::abs: return floating([](auto x) { return std::abs(x); });
    case Op::sqrt: return floating([](auto x) { return std::sqrt(x); });
    case Op::floor: return floating([](auto x) { return std::floor(x); });
    case Op::ceil: return floating([](auto x) { return std::ceil(x); });
    case Op::trunc: return floating([](auto x) { return std::trunc(x); });
    case Op::round: return floating([](auto x) { return std::nearbyint(x); });
    case Op::equal: return floating([](auto a, auto b) { return a == b; });
    case Op::not_equal: return floating([](auto a, auto b) { return a != b; });
    case Op::less: return floating([](auto a, auto b) { return a < b; });
    case Op::less_equal: return floating([](auto a, auto b) { return a <= b; });
    case Op::greater: return floating([](auto a, auto b) { return a > b; });
    case Op::greater_equal: return floating([](auto a, auto b) { return a >= b; });
    case Op::logical_and: return binary_mask([](bool a, bool b) { return a && b; });
    case Op::logical_or: return binary_mask([](bool a, bool b) { return a || b; });
    case Op::logical_xor: return binary_mask([](bool a, bool b) { return a != b; });
    case Op::logical_not: return unary_mask([](bool x) { return !x; });
    case Op::input:
    case Op::constant:
    case Op::parameter:
#include <sinter/ir/composite_cases.def>
      break;
  }
  SINTER_ASSERT(false, "only primitives have a meaning of their own");
}

}  // namespace sinter::detail
