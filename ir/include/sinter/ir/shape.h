// Shape and Strides: lists of at most kMaxRank int64 values, without heap memory.
//
// Both check nothing but the rank. Graph checks the lengths and strides that it is given.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include <sinter/ir/error.h>
#include <sinter/ir/export.h>

namespace sinter {

/// Largest number of axes of a tensor.
inline constexpr int kMaxRank = 8;
/// Largest number of elements of a tensor, 2^48, so that byte offsets of any dtype fit in int64.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;

/// A length or a stride that a user gives. Every integer type but bool converts to it, so that
/// `{rows, 64}` needs no cast.
class Dim {
 public:
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  constexpr Dim(T value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT: implicit
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }

 private:
  std::int64_t value_;
};

/// A list of at most kMaxRank int64 values: the common base of Shape and Strides. Array elements
/// beyond the rank are neither initialised nor copied, since every run constructs views.
class Dims {
 public:
  Dims() {}  // not defaulted: value-initialisation would then clear the array
  Dims(const Dims& other) noexcept { assign(other); }
  Dims& operator=(const Dims& other) noexcept {
    assign(other);
    return *this;
  }
  Dims(std::initializer_list<Dim> dims) {
    for (Dim dim : dims) push_back(dim.value());
  }
  explicit Dims(std::span<const std::int64_t> dims) {
    for (std::int64_t dim : dims) push_back(dim);
  }

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] bool empty() const { return rank_ == 0; }
  [[nodiscard]] std::int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  [[nodiscard]] std::int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  [[nodiscard]] const std::int64_t* begin() const { return dims_.data(); }
  [[nodiscard]] const std::int64_t* end() const { return dims_.data() + rank_; }
  /// Appends `dim`. Throws Error(limit_exceeded) if the list holds kMaxRank values already.
  void push_back(std::int64_t dim) {
    if (rank_ == kMaxRank) rank_exceeded();
    dims_[static_cast<size_t>(rank_++)] = dim;
  }
  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis) {
      if (a[axis] != b[axis]) return false;
    }
    return true;
  }

 private:
  void assign(const Dims& other) noexcept {
    rank_ = other.rank_;
    for (int axis = 0; axis < rank_; ++axis) (*this)[axis] = other[axis];
  }
  [[noreturn]] SINTER_API static void rank_exceeded();
  std::array<std::int64_t, kMaxRank> dims_;
  int rank_ = 0;
};

/// Length of each axis, outermost first. Rank 0 is the shape of a scalar, which has one element.
class Shape : public Dims {
 public:
  using Dims::Dims;
  /// Number of elements, the product of the lengths, of a shape that `check_shape` accepts.
  [[nodiscard]] std::int64_t elements() const {
    std::int64_t count = 1;
    for (std::int64_t dim : *this) count *= dim;
    return count;
  }
};

/// Distance in elements between neighbours along each axis. An empty Strides means a dense,
/// row-major layout.
class Strides : public Dims {
 public:
  using Dims::Dims;
};

/// Range of offsets that a layout covers, in elements from the element at [0, ..., 0].
struct Reach {
  std::int64_t lowest = 0;  ///< lowest offset; negative if a stride is
  std::int64_t end = 0;     ///< highest offset + 1; `lowest` if there are no elements
  [[nodiscard]] std::int64_t elements() const { return end - lowest; }
};
/// Returns the range that `shape` covers with `strides`. The ends are clamped to -2^56 and 2^56, so
/// that byte offsets fit in int64.
[[nodiscard]] SINTER_API Reach reach(const Shape& shape, const Strides& strides);
/// Returns the row-major strides of `shape`, one per axis.
[[nodiscard]] SINTER_API Strides dense_strides(const Shape& shape);
/// Returns the text of a list, such as "[2, 3]".
[[nodiscard]] SINTER_API std::string to_string(const Dims& dims);
/// Throws Error(invalid_argument) if a length is negative, and Error(limit_exceeded) if the product
/// of the lengths, with 1 in place of 0, exceeds kMaxElements. `what` names the tensor in the
/// message, such as "input 'x'".
SINTER_API void check_shape(const Shape& shape, std::string_view what);
/// True if `check_shape` accepts `shape`.
[[nodiscard]] SINTER_API bool is_possible(const Shape& shape);
/// Broadcasts two shapes as NumPy does, aligned at their last axes, and writes the result to
/// `result`. Returns false, and leaves `result` as it is, if they do not broadcast.
[[nodiscard]] SINTER_API bool broadcast_shapes(const Shape& a, const Shape& b, Shape& result);

}  // namespace sinter
