// Element types, from the table in dtypes.def.
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

struct DTypeInfo {
  DType dtype;
  std::string_view name;  ///< as in the text form, "f32"
  DTypeKind kind;
  std::uint8_t bytes;  ///< size and alignment of one element in memory
};

/// Every dtype, in the order of the enum.
[[nodiscard]] SINTER_API std::span<const DTypeInfo> all_dtypes();
/// Throws Error(invalid_argument) for a value that is no enumerator.
[[nodiscard]] SINTER_API const DTypeInfo& info(DType dtype);
/// The dtype that the text form calls `name`, if any.
[[nodiscard]] SINTER_API std::optional<DType> dtype_from_name(std::string_view name);

[[nodiscard]] inline std::string_view to_string(DType dtype) { return info(dtype).name; }
[[nodiscard]] inline bool is_floating(DType dtype) {
  return info(dtype).kind == DTypeKind::floating;
}
[[nodiscard]] inline bool is_integer(DType dtype) {
  const DTypeKind kind = info(dtype).kind;
  return kind == DTypeKind::signed_integer || kind == DTypeKind::unsigned_integer;
}
/// f16 and bf16: memory holds them, kernels compute in f32.
[[nodiscard]] inline bool is_storage_float(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16;
}
/// The dtype in which ops on `dtype` are computed: f32 for the 16-bit floats, else itself.
[[nodiscard]] inline DType compute_dtype(DType dtype) {
  return is_storage_float(dtype) ? DType::f32 : dtype;
}

/// The DType of a C++ element type: `dtype_of<float>` is DType::f32. const is ignored.
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
