// The reference interpreter: the meaning of a graph, one op at a time, one element at a time.
//
// Every backend returns the bits that this returns; NaNs count as equal to NaNs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sinter/ir/element.h>
#include <sinter/ir/graph.h>
#include <sinter/ir/passes.h>

namespace sinter {

/// A dense tensor with its own memory.
struct TensorData {
  DType dtype{};
  Shape shape;
  std::vector<std::byte> bytes;  ///< row-major; elements() * bytes of the dtype

  /// A zeroed tensor.
  [[nodiscard]] static SINTER_API TensorData zeros(DType dtype, const Shape& shape);
  template <typename T>
  [[nodiscard]] static TensorData from(const Shape& shape, std::span<const T> values) {
    static_assert(dtype_of<T>.has_value());
    TensorData data = zeros(*dtype_of<T>, shape);
    if (values.size_bytes() != data.bytes.size()) size_mismatch(shape, values.size());
    std::copy_n(std::as_bytes(values).data(), data.bytes.size(), data.bytes.data());
    return data;
  }
  /// The elements; T must be the C++ type of `dtype`.
  template <typename T>
  [[nodiscard]] std::span<T> as() {
    check_type(dtype_of<T>);
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  [[nodiscard]] std::span<const T> as() const {
    check_type(dtype_of<T>);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

 private:
  [[noreturn]] static SINTER_API void size_mismatch(const Shape& shape, std::size_t values);
  SINTER_API void check_type(std::optional<DType> asked) const;
};

/// Runs `graph` on dense inputs, one per declared input and of its shape and dtype (strides of the
/// declaration do not matter here). Returns one tensor per output. Throws Error on a mismatch.
[[nodiscard]] SINTER_API std::vector<TensorData> interpret(const Graph& graph,
                                                           std::span<const TensorData> inputs,
                                                           Rounding rounding = Rounding::at_store);

/// One primitive on one element; operands and result as their bits (see element.h). `dtype` is the
/// operands' for comparisons and convert's source, otherwise the result's; `to` is the result's;
/// `table` is that of a lut16.
[[nodiscard]] SINTER_API std::uint64_t evaluate_bits(Op op, DType dtype, DType to,
                                                     std::span<const std::uint64_t> operands,
                                                     const LookupTable* table = nullptr);
/// The same on numbers, each as the f64 of its value.
[[nodiscard]] SINTER_API double evaluate(Op op, DType dtype, DType to,
                                         std::span<const double> operands);

/// Whether two tensors have the same dtype, shape and bits, with NaN equal to NaN. On a difference
/// returns the position of the first one, in elements; -1 where they are equal; -2 where dtype or
/// shape differ.
[[nodiscard]] SINTER_API std::int64_t first_difference(const TensorData& a, const TensorData& b);

}  // namespace sinter
