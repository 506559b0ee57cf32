// Tensors made from the user's values: numbers in braces, ranges, or one number for all elements.
#include <sinter/runtime/tensor_literal.h>

#include <cstring>

#include <fmt/format.h>

#include <sinter/ir/element.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/engine.h>

#include "engine_core.h"

namespace sinter {

NestedNumbers::NestedNumbers(std::initializer_list<NestedNumbers> parts) try {
  shape_.push_back(static_cast<std::int64_t>(parts.size()));
  if (parts.size() == 0) return;
  const Shape& first = parts.begin()->shape();
  for (std::int64_t length : first) shape_.push_back(length);
  for (const NestedNumbers& part : parts) {
    if (part.shape() != first) {
      fail(ErrorCode::shape_mismatch,
           fmt::format("numbers in braces: part {} has shape {}, and part 0 has {}: all parts of a "
                       "list have one shape",
                       &part - parts.begin(), to_string(part.shape()), to_string(first)));
    }
    list_.insert(list_.end(), part.numbers().begin(), part.numbers().end());
  }
} catch (...) {
  detail::rethrow_as_error();
}

namespace {

/// The bits of a number as an element. Throws Error(invalid_argument) if an integer dtype or bool
/// cannot represent it.
std::uint64_t checked_bits(double number, DType dtype) {
  const detail::FloatEnvironment environment;
  const std::uint64_t bits = element_bits(number, dtype);
  if (!is_floating(dtype) && element_value(bits, dtype) != number) {
    fail(ErrorCode::invalid_argument,
         fmt::format("{} as an element of {}: this dtype does not hold it", number,
                     to_string(dtype)));
  }
  return bits;
}

std::vector<std::byte> elements_of(std::span<const double> numbers, DType dtype) {
  const std::size_t width = info(dtype).bytes;
  std::vector<std::byte> bytes;
  bytes.reserve(numbers.size() * width);
  for (double number : numbers) {
    const std::uint64_t bits = checked_bits(number, dtype);
    const auto element = std::as_bytes(std::span(&bits, 1)).first(width);
    bytes.insert(bytes.end(), element.begin(), element.end());
  }
  return bytes;
}

}  // namespace

Tensor Engine::tensor(const NestedNumbers& numbers, DType dtype) const try {
  return copy_in(elements_of(numbers.numbers(), dtype), dtype, numbers.shape());
} catch (...) {
  detail::rethrow_as_error();
}

Tensor Engine::full(const Shape& shape, Scalar value, DType dtype) const try {
  check_shape(shape, "a tensor");
  const std::uint64_t bits = checked_bits(value.value(), dtype);
  auto buffer = std::make_shared<detail::TensorBuffer>(core_->share_services(), dtype, shape);
  buffer->fill(std::as_bytes(std::span(&bits, 1)).first(info(dtype).bytes));
  return of_buffer(std::move(buffer), dtype, shape);
} catch (...) {
  detail::rethrow_as_error();
}

Tensor Engine::of_buffer(std::shared_ptr<detail::TensorBuffer> buffer, DType dtype,
                         const Shape& shape) const {
  auto node = std::make_shared<detail::TensorNode>(core_, dtype, shape);
  node->buffer = std::move(buffer);
  return Tensor(std::move(node));
}

Tensor Engine::copy_in(std::span<const std::byte> elements, DType dtype, const Shape& shape) const
    try {
  check_shape(shape, "a tensor");
  const std::size_t given = elements.size() / info(dtype).bytes;
  if (given != static_cast<std::size_t>(shape.elements())) {
    fail(ErrorCode::shape_mismatch, fmt::format("a tensor of shape {} has {} elements, got {}",
                                                to_string(shape), shape.elements(), given));
  }
  auto buffer = std::make_shared<detail::TensorBuffer>(core_->share_services(), dtype, shape);
  buffer->write(elements);
  return of_buffer(std::move(buffer), dtype, shape);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
