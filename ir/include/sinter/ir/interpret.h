// The reference interpreter: it defines the result of a graph, op by op and element by element.
//
// Every backend returns the bits that `interpret` returns, but for the sign and payload of NaNs.
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

/// A dense tensor that owns its memory.
struct TensorData {
  DType dtype{};
  Shape shape;
  /// Elements in row-major order: shape.elements() * info(dtype).bytes bytes.
  std::vector<std::byte> bytes;

  /// Returns a tensor of zeros. Throws Error(limit_exceeded) if there is not enough memory, and
  /// Error for a shape that `check_shape` refuses.
  [[nodiscard]] static SINTER_API TensorData zeros(DType dtype, const Shape& shape);
  /// Returns a tensor with a copy of `values`, in row-major order. T must be the C++ type of a
  /// dtype. Throws Error(invalid_argument) if the number of values is not shape.elements().
  template <typename T>
  [[nodiscard]] static TensorData from(const Shape& shape, std::span<const T> values) {
    static_assert(dtype_of<T>.has_value());
    TensorData data = zeros(*dtype_of<T>, shape);
    if (values.size_bytes() != data.bytes.size()) size_mismatch(shape, values.size());
    std::copy_n(std::as_bytes(values).data(), data.bytes.size(), data.bytes.data());
    return data;
  }
  /// The elements in row-major order. Throws Error(dtype_mismatch) unless T is the C++ type of
  /// `dtype`.
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

/// Runs `graph` and returns one dense tensor per output, in the order of declaration.
///
/// `inputs` holds one dense tensor per declared input, of the declared shape and dtype; declared
/// strides are ignored. Throws Error for a graph that `verify` refuses, and for inputs that do not
/// match their declaration.
[[nodiscard]] SINTER_API std::vector<TensorData> interpret(const Graph& graph,
                                                           std::span<const TensorData> inputs,
                                                           Rounding rounding = Rounding::at_store);

/// Returns the result of primitive `op` on one element. Operands and result are bits (element.h).
///
/// `to` is the dtype of the result. `dtype` is the dtype of the operands of a comparison, or of the
/// source of a conversion or bitcast; for any other op it equals `to`. `table` is the table of a
/// lut16. Throws Error(invalid_argument) for an op that is not a primitive, for a wrong number of
/// operands, and for a dtype on which the op is not defined.
[[nodiscard]] SINTER_API std::uint64_t evaluate_bits(Op op, DType dtype, DType to,
                                                     std::span<const std::uint64_t> operands,
                                                     const LookupTable* table = nullptr);
/// As `evaluate_bits`, with each operand and the result as an f64 of the same value.
[[nodiscard]] SINTER_API double evaluate(Op op, DType dtype, DType to,
                                         std::span<const double> operands);

/// Compares two tensors bit by bit; NaNs are equal to each other. Returns the index of the first
/// element that differs, -1 if the tensors are equal, -2 if their dtypes or shapes differ.
[[nodiscard]] SINTER_API std::int64_t first_difference(const TensorData& a, const TensorData& b);

}  // namespace sinter
