// NestedNumbers: the numbers of a tensor, written in a program as nested braces.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include <sinter/ir/elementwise.h>
#include <sinter/ir/shape.h>

namespace sinter {

/// Numbers in nested braces: `5`, `{1, 2}` or `{{1, 2}, {3, 4}}` have shapes [], [2] and [2, 2].
/// The constructor throws Error(shape_mismatch) if the parts of a list differ in shape.
class SINTER_API NestedNumbers {
 public:
  template <typename T>
    requires std::constructible_from<Scalar, T>
  NestedNumbers(T number) : number_(Scalar(number).value()) {}  // NOLINT: implicit
  NestedNumbers(std::initializer_list<NestedNumbers> parts);

  [[nodiscard]] const Shape& shape() const { return shape_; }
  /// The numbers in row-major order.
  [[nodiscard]] std::span<const double> numbers() const {
    return shape_.empty() ? std::span(&number_, 1) : std::span<const double>(list_);
  }

 private:
  Shape shape_;
  double number_ = 0;         ///< the number, for rank 0
  std::vector<double> list_;  ///< the numbers, for any other rank
};

}  // namespace sinter
