// Canonical regions, and the polynomials that are their fingerprints. An axis of length n and
// stride s gives the geometric sum 1 + x^s + ... + x^(s * (n - 1)); a region gives the product of
// its axes' sums times x^lowest.
#include "plan/region.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <functional>

namespace sinter::detail {
namespace {

constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t kX = 0x1b9d'6a3f'27c4'e58bULL % kPrime;

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum >= kPrime ? sum - kPrime : sum;
}

std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return add(static_cast<std::uint64_t>(product & kPrime),
             static_cast<std::uint64_t>(product >> 61));
}

std::uint64_t power(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = multiply(result, base);
    base = multiply(base, base);
  }
  return result;
}

/// Returns 1 + y + ... + y^(count - 1) modulo kPrime, by doubling.
std::uint64_t geometric_sum(std::uint64_t y, std::uint64_t count) {
  std::uint64_t sum = 0;
  std::uint64_t next = 1;  // y to the power of the number of terms so far
  for (int bit = static_cast<int>(std::bit_width(count)) - 1; bit >= 0; --bit) {
    sum = add(sum, multiply(sum, next));
    next = multiply(next, next);
    if ((count >> bit & 1) == 0) continue;
    sum = add(multiply(sum, y), 1);
    next = multiply(next, y);
  }
  return sum;
}

}  // namespace

std::int64_t Region::end() const {
  std::int64_t last = lowest;
  for (int i = 0; i < rank; ++i) {
    const Axis& axis = axes[static_cast<std::size_t>(i)];
    last += axis.stride * (axis.length - 1);
  }
  return last + 1;
}

Region region_of(const Shape& shape, const Strides& strides, std::int64_t offset) {
  Region region;
  if (shape.elements() == 0) {
    region.rank = 1;
    return region;
  }
  region.lowest = offset;
  const Strides steps = strides.empty() ? dense_strides(shape) : strides;
  std::size_t count = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const std::int64_t stride = steps[axis];
    if (stride < 0) region.lowest += stride * (shape[axis] - 1);
    region.axes[count++] = {std::abs(stride), shape[axis]};
  }
  const auto begin = region.axes.begin();
  std::sort(begin, begin + static_cast<std::ptrdiff_t>(count), std::greater());
  for (std::size_t i = 0; i < count; ++i) {
    const Region::Axis axis = region.axes[i];
    const auto last = static_cast<std::size_t>(region.rank) - 1;
    if (region.rank > 0 && region.axes[last].stride == axis.stride * axis.length)
      region.axes[last] = {axis.stride, region.axes[last].length * axis.length};
    else
      region.axes[static_cast<std::size_t>(region.rank++)] = axis;
  }
  std::fill(begin + region.rank, region.axes.end(), Region::Axis());
  return region;
}

void RegionSum::add(const Region& region) {
  if (region.empty()) return;
  std::uint64_t all = power(kX, static_cast<std::uint64_t>(region.lowest - origin_));
  for (int i = 0; i < region.rank; ++i) {
    const Region::Axis& axis = region.axes[static_cast<std::size_t>(i)];
    const std::uint64_t step = power(kX, static_cast<std::uint64_t>(axis.stride));
    all = multiply(all, geometric_sum(step, static_cast<std::uint64_t>(axis.length)));
  }
  sum_ = detail::add(sum_, all);
}

}  // namespace sinter::detail
