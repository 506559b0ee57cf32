#include "cuda/ops.h"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>

namespace sinter::detail {
namespace {

using Operands = std::span<const std::string>;

bool is_wide(DType dtype) { return info(dtype).bytes == 8; }

/// a op b on integers, modulo their width.
std::string wrapped(DType dtype, const std::string& a, char op, const std::string& b) {
  const std::string_view wide = is_wide(dtype) ? "unsigned long long" : "unsigned";
  return fmt::format("({})(({}){} {} ({}){})", cuda_type(dtype), wide, a, op, wide, b);
}

std::string infix(Operands x, std::string_view op) {
  return fmt::format("{} {} {}", x[0], op, x[1]);
}

std::string cast(DType to, const std::string& x) { return fmt::format("({}){}", cuda_type(to), x); }

// --- Conversion ----------------------------------------------------------------------------------

std::string name_of(DType from, std::string_view what, DType to) {
  return fmt::format("{}_{}_{}", to_string(from), what, to_string(to));
}

std::string convert(DType from, DType to, const std::string& x, CudaHelpers& helpers) {
  if (from == to) return x;
  if (is_storage_float(from)) {
    const std::string wide = helpers.call(name_of(from, "to", DType::f32), x);
    return convert(DType::f32, to, wide, helpers);
  }
  if (is_storage_float(to)) {
    std::string single = x;
    if (from == DType::f64) single = helpers.call("f64_to_odd_f32", x);
    if (!is_floating(from)) single = cast(DType::f32, x);
    return helpers.call(name_of(DType::f32, "to", to), single);
  }
  if (to == DType::boolean) return fmt::format("{} != 0", x);
  if (is_floating(from) && is_integer(to)) return helpers.call(name_of(from, "to", to), x);
  return cast(to, x);
}

/// The bits of a float. Those of a NaN depend on the machine.
std::string raw_bits(DType from, const std::string& x) {
  if (from == DType::f32) return fmt::format("__float_as_uint({})", x);
  if (from == DType::f64) return fmt::format("__double_as_longlong({})", x);
  return x;
}

/// The bits of a float, with every NaN as the one quiet NaN.
std::string canonical_bits(DType from, const std::string& x, CudaHelpers& helpers) {
  return is_floating(from) ? helpers.call(std::string(to_string(from)) + "_bits", x) : x;
}

std::string from_bits(DType to, const std::string& bits) {
  if (to == DType::f32) return fmt::format("__uint_as_float((unsigned){})", bits);
  if (to == DType::f64) return fmt::format("__longlong_as_double({})", bits);
  return cast(to, bits);
}

// --- Arithmetic ----------------------------------------------------------------------------------

/// The expression of a primitive whose meaning differs between floats and integers, on integers;
/// "" for any other primitive.
std::string on_integers(Op op, DType dtype, Operands x, CudaHelpers& helpers) {
  const auto call = [&](std::string_view what) {
    const std::string arguments = x.size() == 1 ? x[0] : fmt::format("{}, {}", x[0], x[1]);
    return helpers.call(fmt::format("{}_{}", to_string(dtype), what), arguments);
  };
  const bool has_sign = info(dtype).kind == DTypeKind::signed_integer;
  switch (op) {
    case Op::add: return wrapped(dtype, x[0], '+', x[1]);
    case Op::sub: return wrapped(dtype, x[0], '-', x[1]);
    case Op::mul: return wrapped(dtype, x[0], '*', x[1]);
    case Op::div: return call("divide");
    case Op::min: return fmt::format("{0} < {1} ? {0} : {1}", x[0], x[1]);
    case Op::max: return fmt::format("{0} > {1} ? {0} : {1}", x[0], x[1]);
    case Op::neg: return call("negate");
    case Op::abs: return has_sign ? call("abs") : x[0];
    case Op::shift_left: return call("shift_left");
    case Op::shift_right: return call("shift_right");
    default: return "";  // the same on every dtype
  }
}

/// A call of a mathematical function of CUDA C: `name` with an f appended for f32.
std::string math(std::string_view name, DType dtype, Operands x) {
  return fmt::format("{}{}({})", name, dtype == DType::f32 ? "f" : "", fmt::join(x, ", "));
}

}  // namespace

std::string_view cuda_type(DType dtype) {
  switch (dtype) {
    case DType::boolean: return "bool";
    case DType::i8: return "signed char";
    case DType::u8: return "unsigned char";
    case DType::i16: return "short";
    case DType::i32: return "int";
    case DType::i64: return "long long";
    case DType::f16:
    case DType::bf16: return "unsigned short";
    case DType::f32: return "float";
    case DType::f64: return "double";
  }
  SINTER_ASSERT(false, "a dtype has a type");
}

std::string_view cuda_memory_type(DType dtype) {
  return dtype == DType::boolean ? "unsigned char" : cuda_type(dtype);
}

std::string cuda_literal(double value, DType dtype) {
  const std::uint64_t bits = element_bits(value, dtype);
  if (is_storage_float(dtype)) return fmt::format("(unsigned short){:#x}u", bits);
  if (dtype == DType::boolean) return bits != 0 ? "true" : "false";
  if (is_integer(dtype)) {
    const unsigned unused = 64 - 8U * info(dtype).bytes;
    const auto shifted = static_cast<std::int64_t>(bits << unused);
    const std::int64_t number = info(dtype).kind == DTypeKind::signed_integer
                                    ? shifted >> unused
                                    : static_cast<std::int64_t>(bits);
    // The lowest i64 has no literal: it would be the negation of a number out of range.
    const bool lowest = is_wide(dtype) && number == std::numeric_limits<std::int64_t>::min();
    const std::string text =
        fmt::format("{}{}", lowest ? number + 1 : number, is_wide(dtype) ? "ll" : "");
    if (lowest) return fmt::format("({} - 1)", text);
    return number < 0 ? fmt::format("(({}){})", cuda_type(dtype), text) : text;
  }
  const double exact = element_value(bits, dtype);
  if (!std::isfinite(exact)) {
    return dtype == DType::f32 ? fmt::format("__uint_as_float({:#x}u)", bits)
                               : fmt::format("__longlong_as_double({:#x}ll)", bits);
  }
  std::string digits =
      dtype == DType::f32 ? fmt::format("{}", static_cast<float>(exact)) : fmt::format("{}", exact);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  if (dtype == DType::f32) digits += "f";
  return std::signbit(exact) ? fmt::format("({})", digits) : digits;
}

std::string cuda_expression(Op op, DType from, DType to, Operands x, CudaHelpers& helpers) {
  if (is_integer(from) && op != Op::convert) {
    std::string text = on_integers(op, from, x, helpers);
    if (!text.empty()) return text;
  }
  const auto call = [&](std::string_view what) {
    return helpers.call(fmt::format("{}_{}", to_string(from), what),
                        fmt::format("{}, {}", x[0], x[1]));
  };
  switch (op) {
    case Op::broadcast: return x[0];
    case Op::convert: return convert(from, to, x[0], helpers);
    case Op::bitcast: return from_bits(to, canonical_bits(from, x[0], helpers));
    case Op::raw_bitcast: return from_bits(to, raw_bits(from, x[0]));
    case Op::add: return infix(x, "+");
    case Op::sub: return infix(x, "-");
    case Op::mul: return infix(x, "*");
    case Op::div: return infix(x, "/");
    case Op::fma: return math("fma", from, x);
    case Op::min: return call("min");
    case Op::max: return call("max");
    case Op::neg: return fmt::format("-{}", x[0]);
    case Op::abs: return math("fabs", from, x);
    case Op::sqrt: return math("sqrt", from, x);
    case Op::floor: return math("floor", from, x);
    case Op::ceil: return math("ceil", from, x);
    case Op::trunc: return math("trunc", from, x);
    case Op::round: return math("rint", from, x);
    case Op::equal: return infix(x, "==");
    case Op::not_equal: return infix(x, "!=");
    case Op::less: return infix(x, "<");
    case Op::less_equal: return infix(x, "<=");
    case Op::greater: return infix(x, ">");
    case Op::greater_equal: return infix(x, ">=");
    case Op::logical_and: return infix(x, "&&");
    case Op::logical_or: return infix(x, "||");
    case Op::logical_xor: return infix(x, "!=");
    case Op::logical_not: return fmt::format("!{}", x[0]);
    case Op::select: return fmt::format("{} ? {} : {}", x[0], x[1], x[2]);
    case Op::bit_and: return cast(to, fmt::format("({} & {})", x[0], x[1]));
    case Op::bit_or: return cast(to, fmt::format("({} | {})", x[0], x[1]));
    case Op::bit_xor: return cast(to, fmt::format("({} ^ {})", x[0], x[1]));
    case Op::bit_not: return cast(to, fmt::format("~{}", x[0]));
    case Op::shift_left:
    case Op::shift_right:  // on integers only: on_integers has them
    case Op::lut16:        // has a table: CudaHelpers::lookup
#include <sinter/ir/lowered_cases.def>
      break;
  }
  SINTER_ASSERT(false, "a kernel computes primitives only");
  return "";
}

}  // namespace sinter::detail
