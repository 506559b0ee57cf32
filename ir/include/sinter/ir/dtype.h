// DType: the types of elements, and the properties of each, made from the table in dtypes.def.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sinter/ir/export.h>
#include <sinter/ir/float16.h>

namespace sinter {

enum class DType : std::uint8_t {
#define SINTER_DTYPE(name, text, kind, bytes, type) name,
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
};

enum class DTypeKind : std::uint8_t { boolean, signed_integer, unsigned_integer, floating };

/// One row of dtypes.def.
struct DTypeInfo {
  DType dtype;
  std::string_view name;  ///< keyword of the text form, such as "f32"
  DTypeKind kind;
  std::uint8_t bytes;  ///< size and alignment of one element in memory
};

/// Rows of all dtypes, in the order of the enum.
[[nodiscard]] SINTER_API std::span<const DTypeInfo> all_dtypes();
/// Returns the row of `dtype`. Throws Error(invalid_argument) if `dtype` is not an enumerator.
[[nodiscard]] SINTER_API const DTypeInfo& info(DType dtype);
/// Returns the dtype whose keyword in the text form is `name`, if there is one.
[[nodiscard]] SINTER_API std::optional<DType> dtype_from_name(std::string_view name);

[[nodiscard]] inline std::string_view to_string(DType dtype) { return info(dtype).name; }
[[nodiscard]] inline bool is_floating(DType dtype) {
  return info(dtype).kind == DTypeKind::floating;
}
[[nodiscard]] inline bool is_integer(DType dtype) {
  const DTypeKind kind = info(dtype).kind;
  return kind == DTypeKind::signed_integer || kind == DTypeKind::unsigned_integer;
}
/// True for f16 and bf16, which are formats of memory only: ops on them compute in f32.
[[nodiscard]] inline bool is_storage_float(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16;
}
/// Returns the dtype in which ops on `dtype` compute: f32 for f16 and bf16, else `dtype`.
[[nodiscard]] inline DType compute_dtype(DType dtype) {
  return is_storage_float(dtype) ? DType::f32 : dtype;
}

/// The DType of a C++ element type, such as DType::f32 for float; const is ignored. No value for
/// other types.
template <typename T>
inline constexpr std::optional<DType> dtype_of = std::nullopt;
template <typename T>
inline constexpr std::optional<DType> dtype_of<const T> = dtype_of<T>;
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  template <>                                       \
  inline constexpr std::optional<DType> dtype_of<type> = DType::name;
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE

}  // namespace sinter
