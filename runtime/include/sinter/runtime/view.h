// Views: the caller's memory with a dtype, a shape and strides. A view owns and copies nothing.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <ranges>
#include <type_traits>

#include <sinter/ir/dtype.h>
#include <sinter/ir/shape.h>
#include <sinter/runtime/device.h>

namespace sinter {

/// A view of read-only memory, for an input.
struct ConstTensorView {
  const void* data = nullptr;  ///< the element at [0, ..., 0]
  DType dtype{};
  Shape shape;
  Strides strides;        ///< in elements; empty for dense row-major
  Device device = {};     ///< of the memory; the CPU also stands for unknown, and a program for a
                          ///< GPU then asks the driver
  bool writable = false;  ///< true if made from a TensorView; required of a donated input
};

/// A view of writable memory, for an output. Converts to a ConstTensorView for an input.
struct TensorView {
  void* data = nullptr;
  DType dtype{};
  Shape shape;
  Strides strides;
  Device device = {};
  operator ConstTensorView() const {
    return {data, dtype, shape, strides, device, true};
  }  // NOLINT: implicit
};

namespace detail {
/// Throws Error(invalid_buffer) unless a view of `shape` with `strides` fits into `available`
/// elements.
SINTER_API void check_view_size(std::int64_t available, const Shape& shape, const Strides& strides);

/// True if a dense view of `shape` fits: the usual case of check_view_size, inline.
[[nodiscard]] inline bool holds_dense(std::int64_t available, const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(count, length, &count)) return false;
  }
  return count <= available;
}

template <typename T>
using ViewOf = std::conditional_t<std::is_const_v<T>, ConstTensorView, TensorView>;
template <typename T>
concept Element = dtype_of<T>.has_value();
}  // namespace detail

/// A view of the memory at `pointer`. The caller guarantees that the memory holds the shape.
template <detail::Element T>
[[nodiscard]] detail::ViewOf<T> view(T* pointer, const Shape& shape, const Strides& strides = {}) {
  return {pointer, *dtype_of<T>, shape, strides, Device::cpu()};
}

/// A view of a contiguous range (vector, array, span, C array). Const elements give a
/// ConstTensorView, which cannot be an output. A temporary container does not compile, but a
/// temporary span does. Throws Error(invalid_buffer) if the range is too short.
template <typename Range>
  requires std::ranges::contiguous_range<Range> && std::ranges::borrowed_range<Range> &&
           detail::Element<std::remove_reference_t<std::ranges::range_reference_t<Range>>>
[[nodiscard]] auto view(Range&& range, const Shape& shape, const Strides& strides = {}) {
  const auto available = static_cast<std::int64_t>(std::ranges::size(range));
  if (!strides.empty() || !detail::holds_dense(available, shape)) {
    detail::check_view_size(available, shape, strides);
  }
  return view(std::ranges::data(range), shape, strides);
}

namespace detail {
template <typename Range>
concept TemporaryContainer =
    std::ranges::contiguous_range<Range> && !std::ranges::borrowed_range<Range>;
}  // namespace detail

// Compilers show this line in their error, so it is one line. clang-format off
template <detail::TemporaryContainer Range>
void view(Range&& temporary_dies_before_its_view_name_it_first, const Shape&,
          const Strides& = {}) = delete;
// clang-format on

}  // namespace sinter
