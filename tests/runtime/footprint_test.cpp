// Footprints: overlap of two layouts compared with the sets of their bytes, and overlap among many
// buffers compared with all pairs.
#include "../../runtime/footprint.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/fuzz/random.h>

namespace sinter::detail {
namespace {

using fuzz::Random;

struct Layout {
  Shape shape;
  Strides strides;
  std::int64_t element_bytes = 4;

  [[nodiscard]] Footprint footprint() const { return {shape, strides, element_bytes}; }
};

/// Offsets of all bytes of a layout, relative to element [0, ..., 0].
std::set<std::int64_t> bytes_of(const Layout& layout) {
  std::set<std::int64_t> offsets{0};
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    std::set<std::int64_t> next;
    for (std::int64_t offset : offsets) {
      for (std::int64_t i = 0; i < layout.shape[axis]; ++i) {
        next.insert(offset + i * layout.strides[axis] * layout.element_bytes);
      }
    }
    offsets = std::move(next);
  }
  std::set<std::int64_t> bytes;
  for (std::int64_t offset : offsets) {
    for (std::int64_t i = 0; i < layout.element_bytes; ++i) bytes.insert(offset + i);
  }
  return bytes;
}

Layout random_layout(Random& random) {
  Layout layout;
  layout.element_bytes = std::int64_t{1} << random.below(4);
  const auto rank = static_cast<int>(random.below(4));
  for (int axis = 0; axis < rank; ++axis) {
    layout.shape.push_back(random.between(1, 5));
    layout.strides.push_back(random.between(-12, 12));
  }
  return layout;
}

TEST(Footprint, MeetsAnotherWhereTheyShareAByteAndNowhereElse) {
  Random random(1);
  int met = 0;
  int apart = 0;
  for (int round = 0; round < 4000; ++round) {
    const Layout a = random_layout(random);
    const Layout b = random_layout(random);
    const std::set<std::int64_t> a_bytes = bytes_of(a);
    const std::set<std::int64_t> b_bytes = bytes_of(b);
    const Footprint a_print = a.footprint();
    const Footprint b_print = b.footprint();
    ASSERT_EQ(a_print.bytes(), *a_bytes.rbegin() - *a_bytes.begin() + 1);
    const std::int64_t shift = random.between(-80, 80);
    const std::int64_t low = std::max(*a_bytes.begin(), *b_bytes.begin() + shift);
    const std::int64_t high = std::min(*a_bytes.rbegin(), *b_bytes.rbegin() + shift);
    if (low > high) continue;
    const bool expected = std::ranges::any_of(
        b_bytes, [&](std::int64_t byte) { return a_bytes.contains(byte + shift); });
    constexpr std::int64_t kBase = 100'000;
    const PlacedFootprint left{static_cast<std::uintptr_t>(kBase + *a_bytes.begin()), &a_print};
    const PlacedFootprint right{static_cast<std::uintptr_t>(kBase + shift + *b_bytes.begin()),
                                &b_print};
    ASSERT_EQ(elements_meet(left, right), expected)
        << to_string(a.shape) << to_string(a.strides) << " x" << a.element_bytes << ", "
        << to_string(b.shape) << to_string(b.strides) << " x" << b.element_bytes << ", at "
        << shift;
    ASSERT_EQ(elements_meet(right, left), expected);
    ++(expected ? met : apart);
  }
  EXPECT_GT(met, 500);
  EXPECT_GT(apart, 500) << "layouts whose byte ranges overlap but whose elements do not";
}

TEST(Footprint, OfHugeStridesIsARangeAndNotAWrongAnswer) {
  const Footprint far({2, 3}, {std::int64_t{1} << 60, -(std::int64_t{1} << 61)}, 8);
  const Footprint one({1}, {1}, 8);
  EXPECT_TRUE(elements_meet({1 << 20, &far}, {1 << 21, &one}));
}

TEST(Footprint, CountsAsMeetingWhenTheSearchWouldTakeTooLong) {
  // All strides but 8 are multiples of 7, so no offset is 3 modulo 7 and the footprints are
  // disjoint. A search would have to visit very many offsets to prove that.
  Shape lengths{2, 2};
  Strides strides{7, 8};
  for (std::int64_t step : {3'000'004, 2'800'012, 2'600'020, 2'400'004, 2'200'012, 2'000'008}) {
    lengths.push_back(60);
    strides.push_back(step / 7 * 7);
  }
  const Footprint many(lengths, strides, 1);
  const Footprint one({1}, {1}, 1);
  EXPECT_TRUE(elements_meet({1 << 20, &many}, {(1 << 20) + 7 * 40'000'000 + 3, &one}));
}

/// Pairs of indices of buffers that overlap, according to `visit_meeting`.
std::set<std::pair<std::uint32_t, std::uint32_t>> meeting(std::vector<PlacedFootprint> buffers) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  visit_meeting(buffers, [&](const PlacedFootprint& a, const PlacedFootprint& b) {
    EXPECT_TRUE(pairs.insert(std::minmax(a.index, b.index)).second) << "a pair is reported twice";
  });
  return pairs;
}

TEST(ManyFootprints, AreComparedAsEveryTwoWouldBe) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<Footprint> prints;
    for (int i = 0; i < 4; ++i) prints.push_back(random_layout(random).footprint());
    std::vector<PlacedFootprint> buffers;
    const std::int64_t room = random.one_in(2) ? 400 : 8000;
    for (std::uint32_t i = 0; i < 40; ++i) {
      buffers.push_back({static_cast<std::uintptr_t>(random.between(4096, 4096 + room)),
                         &random.pick(prints), random.one_in(2), i});
    }
    std::set<std::pair<std::uint32_t, std::uint32_t>> expected;
    for (const PlacedFootprint& a : buffers) {
      for (const PlacedFootprint& b : buffers) {
        const bool ranges = a.begin < b.end() && b.begin < a.end();
        if (a.index < b.index && (a.written || b.written) && ranges && elements_meet(a, b)) {
          expected.insert({a.index, b.index});
        }
      }
    }
    ASSERT_EQ(meeting(buffers), expected) << round;
  }
}

/// Seconds that visit_meeting takes for `count` buffers, the least of three runs.
template <typename Make>
double seconds(Make make, std::uint32_t count) {
  double least = 1e9;
  for (int i = 0; i < 3; ++i) {
    std::vector<PlacedFootprint> buffers = make(count);
    const auto begin = std::chrono::steady_clock::now();
    visit_meeting(buffers, [](const PlacedFootprint&, const PlacedFootprint&) {
      ADD_FAILURE() << "disjoint buffers are reported as overlapping";
    });
    least = std::min(
        least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return least;
}

/// Expects that 16 times as many buffers take less than 80 times as long; quadratic time is 256.
template <typename Make>
void expect_near_linear(Make make) {
  EXPECT_LT(seconds(make, 16'000) / seconds(make, 1'000), 80);
}

TEST(ManyFootprints, ThatLieApartTakeNearLinearTime) {
  const Footprint dense({16}, {1}, 4);
  expect_near_linear([&](std::uint32_t count) {
    std::vector<PlacedFootprint> buffers;
    for (std::uint32_t i = 0; i < count; ++i) buffers.push_back({64 * i + 64, &dense, true, i});
    return buffers;
  });
}

TEST(ManyFootprints, OfOneMatrixSideBySideTakeNearLinearTime) {
  Footprint columns;
  expect_near_linear([&](std::uint32_t count) {
    columns = Footprint({64, 2}, {2 * static_cast<std::int64_t>(count), 1}, 4);
    std::vector<PlacedFootprint> buffers;
    for (std::uint32_t i = 0; i < count; ++i) buffers.push_back({8 * i + 4096, &columns, true, i});
    return buffers;
  });
}

TEST(ManyFootprints, InTilesOfOneMatrixTakeNearLinearTime) {
  Footprint tile;
  expect_near_linear([&](std::uint32_t count) {
    constexpr std::uint32_t kAcross = 40;
    // Bytes of a row of f32. Tiles have 6 rows and 8 columns.
    const std::uint32_t row = 8 * 4 * kAcross;
    tile = Footprint({6, 8}, {row / 4, 1}, 4);
    std::vector<PlacedFootprint> buffers;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t at = (i / kAcross) * 6 * row + (i % kAcross) * 32;
      buffers.push_back({4096 + at, &tile, true, i});
    }
    return buffers;
  });
}

TEST(ManyFootprints, OfInputsThatAreOneBufferTakeNearLinearTime) {
  const Footprint dense({16}, {1}, 4);
  expect_near_linear([&](std::uint32_t count) {
    std::vector<PlacedFootprint> buffers;
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool written = i % 2 == 0;
      buffers.push_back({written ? 64 * i + 64 : 1U << 30, &dense, written, i});
    }
    return buffers;
  });
}

}  // namespace
}  // namespace sinter::detail
