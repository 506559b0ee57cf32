// Footprints: a search that compares two layouts, and a sweep that finds the overlaps of many
// buffers.
#include "footprint.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sinter::detail {
namespace {

// --- Two layouts --------------------------------------------------------------------------------

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// Searches for a distance between an element of `a` and an element of `b` that lies in a window. A
/// distance is a sum of terms step * i, first <= i <= last. Terms are tried in descending order of
/// steps, so all but the first few rarely have more than one candidate.
class DistanceSearch {
 public:
  DistanceSearch(const Footprint& a, const Footprint& b) {
    for (const Footprint::Axis& axis : a.axes()) add({axis.step, 0, axis.last});
    for (const Footprint::Axis& axis : b.axes()) add({axis.step, -axis.last, 0});
    for (std::size_t k = count_; k-- > 0;) {
      const Term& term = terms_[k];
      rests_[k] = {rests_[k + 1].low + term.step * term.first,
                   rests_[k + 1].high + term.step * term.last,
                   std::gcd(rests_[k + 1].divisor, term.step)};
    }
  }

  [[nodiscard]] bool reaches(std::int64_t low, std::int64_t high) { return reaches(0, low, high); }

 private:
  struct Term {
    std::int64_t step = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  /// The possible sums of term k and all later ones: multiples of `divisor` in [low, high].
  struct Rest {
    std::int64_t low = 0;
    std::int64_t high = 0;
    std::int64_t divisor = 0;
  };
  static constexpr int kMaxSteps = 4096;

  void add(Term term) {
    const auto end = terms_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto at = std::find_if(terms_.begin(), end,
                                 [&](const Term& other) { return other.step <= term.step; });
    if (at != end && at->step == term.step) {
      at->first += term.first;
      at->last += term.last;
      return;
    }
    std::move_backward(at, end, end + 1);
    *at = term;
    ++count_;
  }

  bool reaches(std::size_t k, std::int64_t low, std::int64_t high) {
    const Rest& rest = rests_[k];
    low = std::max(low, rest.low);
    high = std::min(high, rest.high);
    if (low > high) return false;
    if (k == count_) return true;
    if (ceil_div(low, rest.divisor) * rest.divisor > high) return false;
    if (k + 1 == count_ || steps_++ == kMaxSteps) return true;
    const auto& [step, first, last] = terms_[k];
    const std::int64_t to = std::min(last, floor_div(high - rests_[k + 1].low, step));
    for (std::int64_t i = std::max(first, ceil_div(low - rests_[k + 1].high, step)); i <= to; ++i) {
      if (reaches(k + 1, low - i * step, high - i * step)) return true;
    }
    return false;
  }

  std::array<Term, 2 * kMaxRank + 1> terms_;
  std::array<Rest, 2 * kMaxRank + 1> rests_;
  std::size_t count_ = 0;
  int steps_ = 0;
};

bool overlap(const PlacedFootprint& a, const PlacedFootprint& b) {
  return a.begin < b.end() && b.begin < a.end() && elements_meet(a, b);
}

// --- Many buffers -------------------------------------------------------------------------------

/// Splits a group of buffers recursively into groups that cannot overlap each other. It separates
/// their address ranges, or their ranges modulo a step of a written buffer (a circle of that
/// circumference). In a group that does not split, all pairs are compared.
class Sweep {
 public:
  using Visit = std::function<void(const PlacedFootprint&, const PlacedFootprint&)>;
  explicit Sweep(const Visit& visit) : visit_(visit) {}

  void run(std::span<PlacedFootprint> group, int depth = 0) {
    const auto written = std::ranges::find_if(group, &PlacedFootprint::written);
    if (group.size() < 2 || written == group.end()) return;
    if (group.size() > kFew && depth < kMaxDepth) {
      if (cut(group, 0, depth)) return;
      const Footprint layout = *written->footprint;
      for (const Footprint::Axis& axis : layout.axes()) {
        if (cut(group, axis.step, depth)) return;
      }
    }
    compare(group);
  }

 private:
  static constexpr std::size_t kFew = 8;
  static constexpr int kMaxDepth = 32;
  /// The range of a buffer, in memory or on the circle.
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    PlacedFootprint buffer;
    [[nodiscard]] std::uint64_t end() const { return begin + bytes; }
  };

  static Range range_of(const PlacedFootprint& buffer, std::int64_t circumference) {
    const Footprint& footprint = *buffer.footprint;
    if (circumference == 0) {
      return {buffer.begin, static_cast<std::uint64_t>(footprint.bytes()), buffer};
    }
    std::int64_t bytes = footprint.run();
    for (const Footprint::Axis& axis : footprint.axes()) {
      if (axis.step % circumference != 0) bytes += axis.step * axis.last;
    }
    return {buffer.begin % static_cast<std::uint64_t>(circumference),
            static_cast<std::uint64_t>(std::min(bytes, circumference)), buffer};
  }

  /// Splits the group at gaps between ranges and handles the parts. False if there is no gap.
  bool cut(std::span<PlacedFootprint> group, std::int64_t circumference, int depth) {
    std::vector<Range> ranges;
    ranges.reserve(group.size());
    for (const PlacedFootprint& buffer : group) ranges.push_back(range_of(buffer, circumference));
    std::ranges::sort(ranges, {}, &Range::begin);
    if (circumference != 0 && !unwrap(ranges, static_cast<std::uint64_t>(circumference))) {
      return false;
    }
    std::vector<std::size_t> starts{0};
    std::uint64_t end = ranges[0].end();
    for (std::size_t i = 1; i < ranges.size(); ++i) {
      if (ranges[i].begin >= end) starts.push_back(i);
      end = std::max(end, ranges[i].end());
    }
    if (starts.size() == 1) return false;
    std::ranges::transform(ranges, group.begin(), &Range::buffer);
    starts.push_back(ranges.size());
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      run(group.subspan(starts[i], starts[i + 1] - starts[i]), depth + 1);
    }
    return true;
  }

  /// Cuts the circle at a point that no range covers, which makes it a line. False if there is no
  /// such point.
  static bool unwrap(std::vector<Range>& ranges, std::uint64_t circumference) {
    std::uint64_t end = 0;  // of the ranges that wrap around
    for (const Range& range : ranges) {
      if (range.end() > circumference) end = std::max(end, range.end() - circumference);
    }
    auto first = ranges.begin();
    for (; first != ranges.end() && first->begin < end; ++first) end = std::max(end, first->end());
    if (first == ranges.end()) return false;
    for (auto it = ranges.begin(); it != first; ++it) it->begin += circumference;
    std::rotate(ranges.begin(), first, ranges.end());
    return true;
  }

  void compare(std::span<const PlacedFootprint> group) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!group[i].written) continue;
      for (std::size_t j = 0; j < group.size(); ++j) {
        const bool twice = group[j].written && j <= i;
        if (!twice && overlap(group[i], group[j])) visit_(group[i], group[j]);
      }
    }
  }

  const Visit& visit_;
};

}  // namespace

Footprint::Footprint(const Shape& shape, const Strides& strides, std::int64_t element_bytes) {
  const Reach reached = reach(shape, strides);
  run_ = bytes_ = reached.elements() * element_bytes;
  constexpr std::int64_t kFar = std::int64_t{1} << 56;  // `reach` clamps its results there
  if (run_ == 0 || reached.lowest <= -kFar || reached.end >= kFar) return;
  run_ = element_bytes;
  const Strides steps = strides.empty() ? dense_strides(shape) : strides;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] <= 1 || steps[axis] == 0) continue;  // such an axis adds no bytes
    const std::int64_t step = (steps[axis] < 0 ? -steps[axis] : steps[axis]) * element_bytes;
    insert({step, shape[axis] - 1});
  }
  for (; rank_ > 0 && axes_[static_cast<std::size_t>(rank_ - 1)].step <= run_; --rank_) {
    const Axis& inner = axes_[static_cast<std::size_t>(rank_ - 1)];
    run_ += inner.step * inner.last;
  }
}

void Footprint::insert(Axis axis) {
  const auto end = axes_.begin() + rank_++;
  const auto at =
      std::find_if(axes_.begin(), end, [&](const Axis& other) { return other.step < axis.step; });
  std::move_backward(at, end, end + 1);
  *at = axis;
}

bool elements_meet(const PlacedFootprint& a, const PlacedFootprint& b) {
  const auto distance = static_cast<std::int64_t>(b.begin - a.begin);
  // Runs of a bytes at p and b bytes at q share a byte if -b < q - p < a.
  return DistanceSearch(*a.footprint, *b.footprint)
      .reaches(distance - a.footprint->run() + 1, distance + b.footprint->run() - 1);
}

void visit_meeting(
    std::span<PlacedFootprint> buffers,
    const std::function<void(const PlacedFootprint&, const PlacedFootprint&)>& visit) {
  Sweep(visit).run(buffers);
}

}  // namespace sinter::detail
