// Shapes and strides: up to kMaxRank int64 values, held in place.
//
// Both are plain values with no invariant beyond the rank; Graph checks lengths when it takes them.
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

inline constexpr int kMaxRank = 8;
/// Elements of one tensor, 2^48: byte offsets of any dtype stay far inside int64.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;

/// A length or a stride given by a user. Takes any integer, so that `{rows, 64}` needs no cast
/// whatever the type of `rows`; bool is not an integer here.
class Dim {
 public:
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  constexpr Dim(T value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT: implicit
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }

 private:
  std::int64_t value_;
};

/// A short list of int64, the common part of Shape and Strides. What lies beyond the rank is
/// neither set nor copied: views are made for every call.
class Dims {
 public:
  Dims() {}  // not defaulted: that would clear the array whenever a Dims is value-initialised
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
  /// Throws Error(limit_exceeded) beyond kMaxRank.
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

/// Lengths per axis, outermost first. Rank 0 is a scalar with one element.
class Shape : public Dims {
 public:
  using Dims::Dims;
  /// The product of the lengths. Defined for shapes that `check_shape` accepts.
  [[nodiscard]] std::int64_t elements() const {
    std::int64_t count = 1;
    for (std::int64_t dim : *this) count *= dim;
    return count;
  }
};

/// Distances in elements per axis. An empty Strides means dense, row-major.
class Strides : public Dims {
 public:
  using Dims::Dims;
};

/// The elements that a layout reaches, as offsets from the element at [0, ..., 0].
struct Reach {
  std::int64_t lowest = 0;  ///< below 0 where a stride is negative
  std::int64_t end = 0;     ///< one past the highest; lowest without elements
  [[nodiscard]] std::int64_t elements() const { return end - lowest; }
};
/// Empty strides mean dense. Ends are cut at 2^56 either way, so that bytes stay inside int64.
[[nodiscard]] SINTER_API Reach reach(const Shape& shape, const Strides& strides);
/// Row-major strides of `shape`.
[[nodiscard]] SINTER_API Strides dense_strides(const Shape& shape);
/// "[2, 3]"
[[nodiscard]] SINTER_API std::string to_string(const Dims& dims);
/// Throws Error when a length is negative or the element count exceeds kMaxElements; `what` names
/// the thing in the message, for example "input 'x'".
SINTER_API void check_shape(const Shape& shape, std::string_view what);
/// Whether check_shape accepts it.
[[nodiscard]] SINTER_API bool is_possible(const Shape& shape);
/// NumPy broadcasting of two shapes, right-aligned. Returns false when they do not broadcast.
[[nodiscard]] SINTER_API bool broadcast_shapes(const Shape& a, const Shape& b, Shape& result);

}  // namespace sinter
