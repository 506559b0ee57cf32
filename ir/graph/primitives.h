// The definition of every primitive, one line each, on C++ values of its element types.
//
// `evaluate` and the loops of `interpret` instantiate the same list. Arithmetic is in the element
// type itself, never in a wider one. Files that include this header must be compiled without
// floating-point contraction, and their code must run in a FloatEnvironment.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include <sinter/ir/assert.h>
#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// The C++ types of the operands of a primitive.
template <typename... T>
struct Types {};

template <typename T>
inline constexpr bool kStorageFloat = std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>;
template <typename T>
inline constexpr bool kInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// --- Elements as words ---------------------------------------------------------------------------

template <typename T>
std::uint64_t to_bits(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <typename T>
T from_bits(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else {
    T value;
    std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
    return value;
  }
}

// --- Conversion ----------------------------------------------------------------------------------

/// Converts a float to an integer: truncates towards zero and saturates; NaN gives 0.
template <typename To, typename From>
To saturate(From x) {
  using Limits = std::numeric_limits<To>;
  // The first value above the range of To, and its lowest value. Both are exact in From, since they
  // are powers of two or 0.
  const From above = std::ldexp(From{1}, Limits::digits);
  const From below = std::is_signed_v<To> ? -above : From{0};
  if (std::isnan(x)) return 0;
  if (x >= above) return Limits::max();
  return x <= below ? Limits::min() : static_cast<To>(x);
}

/// Converts an element. To a float: rounds to nearest even; integers are rounded to f32 before they
/// are rounded to a 16-bit float. From a float to an integer: truncates and saturates. Between
/// integers: wraps. To bool: x != 0. From bool: 0 or 1.
template <typename To, typename From>
To convert_element(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (kStorageFloat<From>) {
    return convert_element<To>(static_cast<double>(x));
  } else if constexpr (kStorageFloat<To>) {
    if constexpr (std::is_floating_point_v<From>) {
      return To(static_cast<double>(x));
    } else {
      return To(static_cast<double>(static_cast<float>(x)));
    }
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From{0};
  } else if constexpr (kInteger<To> && std::is_floating_point_v<From>) {
    return saturate<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

// --- Arithmetic ----------------------------------------------------------------------------------

/// Result of integer function `f` modulo 2^width. `f` computes in uint64, since signed overflow is
/// undefined in C++.
template <typename T, typename F>
T wrapped(T a, T b, F f) {
  return static_cast<T>(f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
}

template <typename T>
T add(T a, T b) {
  if constexpr (kInteger<T>) {
    return wrapped(a, b, [](auto x, auto y) { return x + y; });
  } else {
    return a + b;
  }
}

template <typename T>
T subtract(T a, T b) {
  if constexpr (kInteger<T>) {
    return wrapped(a, b, [](auto x, auto y) { return x - y; });
  } else {
    return a - b;
  }
}

template <typename T>
T multiply(T a, T b) {
  if constexpr (kInteger<T>) {
    return wrapped(a, b, [](auto x, auto y) { return x * y; });
  } else {
    return a * b;
  }
}

template <typename T>
T negate(T x) {
  if constexpr (kInteger<T>) {
    return subtract(T{0}, x);
  } else {
    return -x;
  }
}

/// Quotient; integers truncate towards zero, x / 0 is 0, and the lowest value / -1 is the lowest
/// value.
template <typename T>
T divide(T a, T b) {
  if constexpr (kInteger<T>) {
    if (b == 0) return 0;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return negate(a);
    return static_cast<T>(a / b);
  } else {
    return a / b;
  }
}

/// Absolute value; that of the lowest integer wraps to the lowest integer.
template <typename T>
T magnitude(T x) {
  if constexpr (kInteger<T>) {
    return x < 0 ? negate(x) : x;
  } else {
    return std::abs(x);
  }
}

/// IEEE 754 minimum: NaN if either is NaN, and -0 < +0. std::min and std::fmin differ from it.
template <typename T>
T minimum(T a, T b) {
  if constexpr (kInteger<T>) {
    return std::min(a, b);
  } else {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) ? a : b;
    return a < b ? a : b;
  }
}

/// IEEE 754 maximum: NaN if either is NaN, and -0 < +0.
template <typename T>
T maximum(T a, T b) {
  if constexpr (kInteger<T>) {
    return std::max(a, b);
  } else {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) ? b : a;
    return a > b ? a : b;
  }
}

/// x shifted left by `count`, which is read as unsigned; 0 for counts of T's width or more.
template <typename T>
T shift_left(T x, T count) {
  const auto places = static_cast<std::make_unsigned_t<T>>(count);
  if (places >= sizeof(T) * 8) return 0;
  return static_cast<T>(static_cast<std::uint64_t>(x) << places);
}

/// x shifted right by `count`, which is read as unsigned; arithmetic if T is signed. For counts of
/// T's width or more, -1 for negative x, else 0.
template <typename T>
T shift_right(T x, T count) {
  const auto places = static_cast<std::make_unsigned_t<T>>(count);
  if (places >= sizeof(T) * 8) return x < 0 ? static_cast<T>(-1) : T{0};
  return static_cast<T>(x >> places);
}

// --- Visitors ------------------------------------------------------------------------------------

/// Calls visit(T{}), where T is the C++ type of `dtype`.
template <typename Visitor>
void visit_type(DType dtype, Visitor visit) {
  switch (dtype) {
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  case DType::name: return visit(type{});
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
  }
  static_cast<void>(info(dtype));  // throws: the value is not an enumerator
}

/// Throws Error(invalid_argument) for a call of `evaluate` or `evaluate_bits`.
[[noreturn]] void refuse_evaluation(std::string_view reason);

/// Calls visit(f, Types<T, ...>{}), where T is the C++ type of `dtype`, once per operand of f.
/// Refuses types for which Allowed<T> is false.
template <template <typename> typename Allowed, typename F, typename Visitor>
void visit_same(DType dtype, Visitor& visit, F f) {
  visit_type(dtype, [&]<typename T>(T) {
    if constexpr (!Allowed<T>::value) {
      refuse_evaluation("this primitive is not defined on this dtype");
    } else if constexpr (std::is_invocable_v<F, T>) {
      visit(f, Types<T>{});
    } else if constexpr (std::is_invocable_v<F, T, T>) {
      visit(f, Types<T, T>{});
    } else {
      visit(f, Types<T, T, T>{});
    }
  });
}

template <typename T>
struct IsNumeric : std::bool_constant<std::is_floating_point_v<T> || kInteger<T>> {};
template <typename T>
struct IsInteger : std::bool_constant<kInteger<T>> {};

template <typename Visitor>
void visit_select(DType dtype, Visitor& visit) {
  visit_type(dtype, [&]<typename T>(T) {
    visit([](bool condition, T a, T b) { return condition ? a : b; }, Types<bool, T, T>{});
  });
}

template <typename Visitor>
void visit_convert(DType from, DType to, Visitor& visit) {
  visit_type(from, [&]<typename From>(From) {
    visit_type(to, [&]<typename To>(To) {
      visit([](From x) { return convert_element<To>(x); }, Types<From>{});
    });
  });
}

/// Visits lut16; the index has the width of the result `to`.
template <typename Visitor>
void visit_lookup(DType to, Visitor& visit, const LookupTable* table) {
  if (table == nullptr) refuse_evaluation("a lookup needs its table");
  const auto number = [table](auto index) {
    return (*table)[static_cast<std::size_t>(index & 15)];
  };
  if (to == DType::f32) {
    visit([=](std::int32_t i) { return static_cast<float>(number(i)); }, Types<std::int32_t>{});
  } else {
    visit([=](std::int64_t i) { return number(i); }, Types<std::int64_t>{});
  }
}

/// Replaces a NaN of any float type by the positive quiet NaN without payload.
template <typename T>
T canonical_nan(T x) {
  if constexpr (kStorageFloat<T>) {
    return std::isnan(static_cast<double>(x)) ? T(std::numeric_limits<double>::quiet_NaN()) : x;
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x) ? std::numeric_limits<T>::quiet_NaN() : x;
  } else {
    return x;
  }
}

/// Visits a bitcast; `prepare` is applied to the operand first.
template <typename Visitor>
void visit_bitcast(DType from, DType to, Visitor& visit, auto prepare) {
  visit_type(from, [&]<typename From>(From) {
    visit_type(to, [&]<typename To>(To) {
      if constexpr (sizeof(From) == sizeof(To) && !std::is_same_v<To, bool>) {
        visit([=](From x) { return from_bits<To>(to_bits(prepare(x))); }, Types<From>{});
      } else {
        refuse_evaluation("a bitcast keeps the width, and does not give bool");
      }
    });
  });
}

/// Calls visit(f, Types<...>{}), where f computes `op` on one element, and Types are the types of
/// its operands. `dtype`, `to` and `table` are as for `evaluate_bits`.
template <typename Visitor>
void visit_primitive(Op op, DType dtype, DType to, Visitor visit,
                     const LookupTable* table = nullptr) {
  const auto floating = [&](auto f) { visit_same<std::is_floating_point>(dtype, visit, f); };
  const auto numeric = [&](auto f) { visit_same<IsNumeric>(dtype, visit, f); };
  const auto integer = [&](auto f) { visit_same<IsInteger>(dtype, visit, f); };
  const auto unary_mask = [&](auto f) { visit(f, Types<bool>{}); };
  const auto binary_mask = [&](auto f) { visit(f, Types<bool, bool>{}); };
  switch (op) {
    case Op::broadcast: return visit_convert(to, to, visit);
    case Op::convert: return visit_convert(dtype, to, visit);
    case Op::bitcast:
      return visit_bitcast(dtype, to, visit, [](auto x) { return canonical_nan(x); });
    case Op::raw_bitcast: return visit_bitcast(dtype, to, visit, [](auto x) { return x; });
    case Op::select: return visit_select(to, visit);
    case Op::lut16: return visit_lookup(to, visit, table);
    case Op::add: return numeric([](auto a, decltype(a) b) { return add(a, b); });
    case Op::sub: return numeric([](auto a, decltype(a) b) { return subtract(a, b); });
    case Op::mul: return numeric([](auto a, decltype(a) b) { return multiply(a, b); });
    case Op::div: return numeric([](auto a, decltype(a) b) { return divide(a, b); });
    case Op::fma: return floating([](auto a, auto b, auto c) { return std::fma(a, b, c); });
    case Op::min: return numeric([](auto a, decltype(a) b) { return minimum(a, b); });
    case Op::max: return numeric([](auto a, decltype(a) b) { return maximum(a, b); });
    case Op::neg: return numeric([](auto x) { return negate(x); });
    case Op::abs: return numeric([](auto x) { return magnitude(x); });
    case Op::sqrt: return floating([](auto x) { return std::sqrt(x); });
    case Op::floor: return floating([](auto x) { return std::floor(x); });
    case Op::ceil: return floating([](auto x) { return std::ceil(x); });
    case Op::trunc: return floating([](auto x) { return std::trunc(x); });
    case Op::round: return floating([](auto x) { return std::nearbyint(x); });
    case Op::equal: return numeric([](auto a, auto b) { return a == b; });
    case Op::not_equal: return numeric([](auto a, auto b) { return a != b; });
    case Op::less: return numeric([](auto a, auto b) { return a < b; });
    case Op::less_equal: return numeric([](auto a, auto b) { return a <= b; });
    case Op::greater: return numeric([](auto a, auto b) { return a > b; });
    case Op::greater_equal: return numeric([](auto a, auto b) { return a >= b; });
    case Op::logical_and: return binary_mask([](bool a, bool b) { return a && b; });
    case Op::logical_or: return binary_mask([](bool a, bool b) { return a || b; });
    case Op::logical_xor: return binary_mask([](bool a, bool b) { return a != b; });
    case Op::logical_not: return unary_mask([](bool x) { return !x; });
    case Op::bit_and:
      return integer([](auto a, decltype(a) b) { return static_cast<decltype(a)>(a & b); });
    case Op::bit_or:
      return integer([](auto a, decltype(a) b) { return static_cast<decltype(a)>(a | b); });
    case Op::bit_xor:
      return integer([](auto a, decltype(a) b) { return static_cast<decltype(a)>(a ^ b); });
    case Op::bit_not: return integer([](auto x) { return static_cast<decltype(x)>(~x); });
    case Op::shift_left: return integer([](auto x, decltype(x) n) { return shift_left(x, n); });
    case Op::shift_right: return integer([](auto x, decltype(x) n) { return shift_right(x, n); });
#include <sinter/ir/lowered_cases.def>
      break;
  }
  SINTER_ASSERT(false, "the op is a primitive");
}

}  // namespace sinter::detail
