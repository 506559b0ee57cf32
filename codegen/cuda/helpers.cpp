// The functions that generated CUDA C calls. They define what the language leaves undefined or to
// the machine.
//
// Names are <dtype>_<what>, or f32x4_<what> for a vector. A text for several dtypes has
// placeholders: $T is the type, $U the unsigned type in which the text computes without overflow,
// $D the dtype's name. The C++ function that instantiates a text replaces these, and any other
// placeholders that the text has.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>

#include "cuda/ops.h"

namespace sinter::detail {
namespace {

/// A function with a fixed text, or a text for several dtypes.
struct Fixed {
  std::string_view name;
  std::string_view text;
};

// A GPU converts f16 by instructions, and rounds to bf16 by one from compute capability 8.0 on.
// Every other conversion between f32 and 16-bit floats is arithmetic, right even if the machine
// flushes subnormals; it expects rounding to nearest. Every conversion of a NaN gives a NaN.
constexpr std::array kFixed{
    Fixed{"f16_to_f32", R"(float f16_to_f32(unsigned short bits) {
#ifdef __CUDA_ARCH__
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
#else
  const unsigned sign = (bits & 0x8000u) << 16;
  const unsigned exponent = bits >> 10 & 31u;
  const unsigned fraction = bits & 0x3ffu;
  if (exponent == 31u) return __uint_as_float(sign | 0x7f800000u | fraction << 13);
  if (exponent > 0u) return __uint_as_float(sign | (exponent + 112u) << 23 | fraction << 13);
  return __uint_as_float(sign | __float_as_uint((float)fraction * 0x1p-24f));
#endif
}
)"},
    Fixed{"f32_to_f16", R"(unsigned short f32_to_f16(float x) {
#ifdef __CUDA_ARCH__
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x);
  const unsigned sign = word >> 16 & 0x8000u;
  const unsigned magnitude = word & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  // Below 2^-14, the last bit of a sum with 0.5 is worth that of the result.
  if (magnitude < 0x38800000u) {
    return sign | (__float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000u);
  }
  return sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
#endif
}
)"},
    Fixed{"bf16_to_f32", R"(float bf16_to_f32(unsigned short bits) {
  return __uint_as_float((unsigned)bits << 16);
}
)"},
    Fixed{"f32_to_bf16", R"(unsigned short f32_to_bf16(float x) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  unsigned short bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x);
  if (x != x) return 0x7fc0u;
  return (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
#endif
}
)"},
    // Rounds to odd: an inexact value becomes the neighbour whose last bit is set. A second
    // rounding, to a format at least two bits shorter, then gives the same as one from f64.
    Fixed{"f64_to_odd_f32", R"(float f64_to_odd_f32(double x) {
  const float near = (float)x;
  const double back = near;
  const unsigned word = __float_as_uint(near);
  if (x != x || back == x || (word & 1u)) return near;
  return __uint_as_float(fabs(back) < fabs(x) ? word + 1u : word - 1u);
}
)"},
    // Operands that compare equal differ at most in the sign of a zero.
    Fixed{"f32_min", R"(float f32_min(float a, float b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float least;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(least) : "f"(a), "f"(b));
  return least;
#else
  if (a != a || b != b) return a + b;
  if (a == b) return __uint_as_float(__float_as_uint(a) | __float_as_uint(b));
  return a < b ? a : b;
#endif
}
)"},
    Fixed{"f32_max", R"(float f32_max(float a, float b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float most;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(most) : "f"(a), "f"(b));
  return most;
#else
  if (a != a || b != b) return a + b;
  if (a == b) return __uint_as_float(__float_as_uint(a) & __float_as_uint(b));
  return a > b ? a : b;
#endif
}
)"},
    Fixed{"f64_min", R"(double f64_min(double a, double b) {
  if (a != a || b != b) return a + b;
  if (a == b) {
    return __longlong_as_double(__double_as_longlong(a) | __double_as_longlong(b));
  }
  return a < b ? a : b;
}
)"},
    Fixed{"f64_max", R"(double f64_max(double a, double b) {
  if (a != a || b != b) return a + b;
  if (a == b) {
    return __longlong_as_double(__double_as_longlong(a) & __double_as_longlong(b));
  }
  return a > b ? a : b;
}
)"},
    // The bits of a float, with every NaN as the one quiet NaN.
    Fixed{"f32_bits", R"(unsigned f32_bits(float x) {
  return x != x ? 0x7fc00000u : __float_as_uint(x);
}
)"},
    Fixed{"f64_bits", R"(long long f64_bits(double x) {
  return x != x ? 0x7ff8000000000000ll : __double_as_longlong(x);
}
)"},
    Fixed{"f16_bits", R"(unsigned short f16_bits(unsigned short bits) {
  return (bits & 0x7fffu) > 0x7c00u ? 0x7e00u : bits;
}
)"},
    Fixed{"bf16_bits", R"(unsigned short bf16_bits(unsigned short bits) {
  return (bits & 0x7fffu) > 0x7f80u ? 0x7fc0u : bits;
}
)"},
};

/// Functions of each integer dtype.
constexpr std::array kOnIntegers{
    Fixed{"negate", R"($T $D_negate($T x) {
  return ($T)($Z - ($U)x);
}
)"},
    Fixed{"abs", R"($T $D_abs($T x) {
  return x < 0 ? ($T)($Z - ($U)x) : x;
}
)"},
    Fixed{"shift_left", R"($T $D_shift_left($T x, $T count) {
  const $N places = ($N)count;
  return places < $B ? ($T)(($U)x << places) : ($T)0;
}
)"},
    Fixed{"shift_right", R"($T $D_shift_right($T x, $T count) {
  const $N places = ($N)count;
  return places < $B ? ($T)(x >> places) : ($T)(x < 0 ? -1 : 0);
}
)"},
};

constexpr Fixed kSignedDivide{"divide", R"($T $D_divide($T a, $T b) {
  if (b == 0) return 0;
  if (b == -1) return ($T)($Z - ($U)a);
  return a / b;
}
)"};
constexpr Fixed kUnsignedDivide{"divide", R"($T $D_divide($T a, $T b) {
  return b == 0 ? 0 : a / b;
}
)"};

/// Converts from float $F: truncates towards zero and saturates; NaN gives 0.
constexpr std::string_view kSaturate = R"($T $F_to_$D($G x) {
  if (x != x) return 0;
  if (x >= $A) return $M;
  return x <= $L ? $W : ($T)x;
}
)";

/// Returns the `x` of another thread of the team: the one whose number differs in the bits of
/// `distance`.
constexpr std::string_view kExchange = R"($T $D_exchange($T x, int distance) {
  return ($T)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), $Ix, distance);
}
)";

/// Stores a vector so that the cache evicts its line first.
constexpr std::string_view kStream = R"(void $V_stream($V* to, $V x) {
#ifdef __CUDA_ARCH__
  union { $V vector; unsigned word[$C]; } bits = {x};
  asm volatile("st.global.cs.$Ku32 [%0], $P;"
               : : "l"(to), $W
               : "memory");
#else
  *to = x;
#endif
}
)";

std::string replace_all(std::string text, std::string_view token, std::string_view with) {
  for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, at)) {
    text.replace(at, token.size(), with);
    at += with.size();
  }
  return text;
}

bool is_signed(DType dtype) { return info(dtype).kind == DTypeKind::signed_integer; }

/// The unsigned type as wide as `dtype`.
std::string_view unsigned_type(DType dtype) {
  switch (info(dtype).bytes) {
    case 1: return "unsigned char";
    case 2: return "unsigned short";
    case 4: return "unsigned";
    default: return "unsigned long long";
  }
}

std::string on_integers(std::string_view text, DType dtype) {
  const int bits = info(dtype).bytes * 8;
  std::string made(text);
  made = replace_all(std::move(made), "$T", cuda_type(dtype));
  made = replace_all(std::move(made), "$U", bits == 64 ? "unsigned long long" : "unsigned");
  made = replace_all(std::move(made), "$Z", bits == 64 ? "0ull" : "0u");
  made = replace_all(std::move(made), "$N", unsigned_type(dtype));
  made = replace_all(std::move(made), "$B", std::to_string(bits));
  return replace_all(std::move(made), "$D", to_string(dtype));
}

/// The text of an exchange. Shuffles take 32 bits or more: narrower values are converted to int.
std::string exchanging(DType dtype) {
  std::string made(kExchange);
  made = replace_all(std::move(made), "$T", cuda_type(dtype));
  made = replace_all(std::move(made), "$I", info(dtype).bytes < 4 ? "(int)" : "");
  return replace_all(std::move(made), "$D", to_string(dtype));
}

/// The text of a streaming store of the vector type `vector`, such as f32x4.
std::string streaming(const std::string& vector) {
  const std::size_t at = vector.find('x');
  const int words =
      info(*dtype_from_name(vector.substr(0, at))).bytes * std::stoi(vector.substr(at + 1)) / 4;
  SINTER_ASSERT(words > 0, "what is streamed fills a register");
  std::vector<std::string> places;
  std::vector<std::string> registers;
  for (int i = 0; i < words; ++i) {
    places.push_back(fmt::format("%{}", i + 1));
    registers.push_back(fmt::format("\"r\"(bits.word[{}])", i));
  }
  const std::string all = fmt::format("{}", fmt::join(places, ", "));
  std::string made = replace_all(std::string(kStream), "$V", vector);
  made = replace_all(std::move(made), "$C", std::to_string(words));
  made = replace_all(std::move(made), "$K", words == 1 ? "" : fmt::format("v{}.", words));
  made = replace_all(std::move(made), "$P", words == 1 ? all : "{" + all + "}");
  return replace_all(std::move(made), "$W", fmt::format("{}", fmt::join(registers, ", ")));
}

std::string saturating(DType from, DType to) {
  // The first value above the range and the lowest in it. Both are exact: powers of two,
  // their negatives or 0.
  const int digits = info(to).bytes * 8 - (is_signed(to) ? 1 : 0);
  double above = 1;
  for (int i = 0; i < digits; ++i) above *= 2;
  const double lowest = is_signed(to) ? -above : 0;
  std::string made = on_integers(kSaturate, to);
  made = replace_all(std::move(made), "$F", to_string(from));
  made = replace_all(std::move(made), "$G", cuda_type(from));
  made = replace_all(std::move(made), "$A", cuda_literal(above, from));
  made = replace_all(std::move(made), "$L", cuda_literal(lowest, from));
  made = replace_all(std::move(made), "$M", cuda_literal(above, to));
  return replace_all(std::move(made), "$W", cuda_literal(lowest, to));
}

std::string definition(const std::string& name) {
  const auto fixed = std::ranges::find(kFixed, name, &Fixed::name);
  if (fixed != kFixed.end()) return std::string(fixed->text);
  if (name.ends_with("_stream")) return streaming(name.substr(0, name.rfind('_')));
  const std::size_t at = name.find('_');
  const std::optional<DType> dtype = dtype_from_name(name.substr(0, at));
  SINTER_ASSERT(at != std::string::npos && dtype.has_value(), "a function is named for its dtype");
  const std::string what = name.substr(at + 1);
  if (what.starts_with("to_")) return saturating(*dtype, *dtype_from_name(what.substr(3)));
  if (what == "exchange") return exchanging(*dtype);
  if (what == "divide") {
    return on_integers(is_signed(*dtype) ? kSignedDivide.text : kUnsignedDivide.text, *dtype);
  }
  const auto found = std::ranges::find(kOnIntegers, what, &Fixed::name);
  SINTER_ASSERT(found != kOnIntegers.end(), "a function has a text");
  return on_integers(found->text, *dtype);
}

}  // namespace

std::string CudaHelpers::call(const std::string& name, const std::string& arguments) {
  if (!functions_.contains(name)) functions_.emplace(name, definition(name));
  return fmt::format("{}({})", name, arguments);
}

/// Tables are in global memory, not in `__constant__` memory, which serves one address of a warp at
/// a time. A table takes a line or two of the first-level cache. Its numbers are written as bits,
/// because NaN has no literal.
std::string CudaHelpers::lookup(const LookupTable& table, DType dtype, const std::string& index) {
  const bool wide = dtype == DType::f64;
  std::string numbers;
  for (double number : table) {
    numbers += fmt::format("{}{:#x}{}", numbers.empty() ? "" : ", ", element_bits(number, dtype),
                           wide ? "ull" : "u");
  }
  const auto found = std::ranges::find(tables_, numbers);
  const auto position = found - tables_.begin();
  if (found == tables_.end()) tables_.push_back(numbers);
  return fmt::format("{}(table{}[{} & 15])", wide ? "__longlong_as_double" : "__uint_as_float",
                     position, index);
}

std::string CudaHelpers::definitions() const {
  std::string text;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const std::string_view type = tables_[i].ends_with("ull") ? "unsigned long long" : "unsigned";
    text += fmt::format("static __device__ const {} table{}[16] = {{{}}};\n", type, i, tables_[i]);
  }
  if (!tables_.empty()) text += "\n";
  for (const auto& [name, definition] : functions_) {
    text += "static __device__ inline " + definition + "\n";
  }
  return text;
}

}  // namespace sinter::detail
