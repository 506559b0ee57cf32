// Timing: statistics of samples, and the order of contestants in rounds. No test reads a clock.
#include <sinter/bench/timing.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

TEST(SpreadOf, IsMedianAndOuterDeciles) {
  const Spread spread = spread_of({10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  EXPECT_EQ(spread.median, 5);
  EXPECT_EQ(spread.low, 1);
  EXPECT_EQ(spread.high, 9);
}

TEST(SpreadOf, TakesOneSampleAndNone) {
  EXPECT_EQ(spread_of({3}).median, 3);
  EXPECT_EQ(spread_of({3}).high, 3);
  EXPECT_EQ(spread_of({}).median, 0);
}

TEST(PairedRatio, DividesWithinARound) {
  // Both double from round to round, so their ratio is constant.
  EXPECT_EQ(paired_ratio({2, 4, 8}, {1, 2, 4}).low, 2);
  EXPECT_EQ(paired_ratio({2, 4, 8}, {1, 2, 4}).high, 2);
  EXPECT_EQ(paired_difference({2, 4, 8}, {1, 2, 4}).median, 2);
}

TEST(Interleave, TakesTurnsInEveryRound) {
  std::string order;
  const auto turn = [&](char name) { return [&order, name](std::int64_t) { order += name; }; };
  const std::vector<Contestant> contestants{{"a", turn('a')}, {"b", turn('b')}};
  // Samples of 0 seconds are one call each, after one call that warms up.
  const std::vector<Samples> samples = interleave(contestants, {.rounds = 3, .sample_seconds = 0});
  EXPECT_EQ(order,
            "aabb"
            "aabb"
            "bbaa"
            "aabb");
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].size(), 3U);
  EXPECT_EQ(samples[1].size(), 3U);
}

}  // namespace
}  // namespace sinter::bench
