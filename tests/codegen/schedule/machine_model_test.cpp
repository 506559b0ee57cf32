// CpuModel and GpuModel: the named models, sizes in classes, and the text.
#include <sinter/codegen/machine_model.h>

#include <limits>

#include <gtest/gtest.h>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "codegen/kernels.h"
#include "support/expect_error.h"

namespace sinter {
namespace {

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;

TEST(CpuModel, OfNamedTargetsIsGeneric) {
  EXPECT_EQ(Target::parse("x86-64-v4").model, CpuModel());
  EXPECT_EQ(CpuModel::parse("generic"), CpuModel());
  EXPECT_EQ(CpuModel::of("generic", {}), CpuModel());
}

/// Two machines whose caches differ by less than a factor of two share all code.
TEST(CpuModel, RoundsCachesToPowersOfTwo) {
  const CpuModel odd = CpuModel::of("one", {48 * kKiB, 1280 * kKiB, 54 * kMiB});
  EXPECT_EQ(odd, CpuModel::of("one", {32 * kKiB, kMiB, 32 * kMiB}));
  EXPECT_NE(odd, CpuModel::of("one", {64 * kKiB, kMiB, 32 * kMiB}));
}

TEST(CpuModel, TakesWhatIsUnknownFromGeneric) {
  const CpuModel model = CpuModel::of("no third level", {64 * kKiB, kMiB, 0});
  EXPECT_EQ(model.l1_bytes, 64 * kKiB);
  EXPECT_EQ(model.l3_bytes, CpuModel().l3_bytes);
}

/// Thresholds are shares of caches.
TEST(CpuModel, ScalesThresholdsWithCaches) {
  const CpuModel generic;
  const CpuModel half =
      CpuModel::of("half", {generic.l1_bytes / 2, generic.l2_bytes / 2, generic.l3_bytes / 2});
  EXPECT_EQ(half.streaming_bytes, generic.streaming_bytes / 2);
  EXPECT_EQ(half.prefetched_bytes, generic.prefetched_bytes / 2);
  EXPECT_EQ(half.kept_bytes, generic.kept_bytes / 2);
  EXPECT_EQ(half.block_bytes, generic.block_bytes / 2);
  EXPECT_EQ(half.depth_bytes, generic.depth_bytes / 2);
  EXPECT_EQ(half.unpacked_bytes, generic.unpacked_bytes / 2);
  EXPECT_EQ(half.near_bytes, generic.near_bytes / 2);
  EXPECT_EQ(half.unroll, generic.unroll);
}

TEST(CpuModel, IsNamed) {
  for (const char* name : {"generic", "haswell", "skylake-avx512", "icelake", "sapphirerapids",
                           "zen2", "zen3", "zen4", "neoverse-n1", "neoverse-v1"}) {
    EXPECT_EQ(CpuModel::parse(name).name, name);
  }
  EXPECT_EQ(CpuModel::parse("zen4").l2_bytes, kMiB);
  test::expect_error(ErrorCode::unsupported,
                     "there is no model of a CPU named 'zen'; the models are generic, haswell",
                     [] { static_cast<void>(CpuModel::parse("zen")); });
}

TEST(CpuModel, IsShownWithItsNumbers) {
  const std::string text = print(CpuModel::parse("zen4"));
  EXPECT_TRUE(text.starts_with("cpu model zen4\n")) << text;
  EXPECT_NE(text.find("l2_bytes 1048576,"), std::string::npos) << text;
  EXPECT_NE(text.find("far_memory 8,"), std::string::npos) << text;
  const std::string gpu = print(GpuModel());
  EXPECT_TRUE(gpu.starts_with("gpu model h200\n")) << gpu;
  EXPECT_NE(gpu.find("multiprocessors 132,"), std::string::npos) << gpu;
}

TEST(CpuModel, ReachesThePlanner) {
  Target target = Target::parse("x86-64-v4");
  target.model = CpuModel::of("small", {8 * kKiB, 64 * kKiB, kMiB});
  const PlanLimits limits = target.plan_limits();
  EXPECT_EQ(limits.cache_bytes, target.model.near_bytes);
  EXPECT_EQ(limits.row_bytes, 16 * kKiB);
  EXPECT_EQ(limits.column_bytes, 32 * kKiB);
  GpuTarget gpu;
  gpu.model.multiprocessors = 10;
  EXPECT_EQ(gpu.plan_limits().units, 20);
}

TEST(CpuModel, RefusesNumbersThatNoScheduleCanUse) {
  Target target = Target::parse("x86-64-v4");
  target.model.depth_bytes = 300;
  test::expect_error(
      ErrorCode::invalid_argument,
      "CpuModel::depth_bytes is 300: it must be a multiple of 128 between 256 and 65536",
      [&] { static_cast<void>(target.plan_limits()); });
  target.model = {};
  target.model.unroll = 3;
  test::expect_error(ErrorCode::invalid_argument,
                     "CpuModel::unroll is 3: it must be a power of two between 1 and 16",
                     [&] { static_cast<void>(target.plan_limits()); });
  target.model = {};
  target.model.costs.far_memory = std::numeric_limits<double>::quiet_NaN();
  test::expect_error(ErrorCode::invalid_argument, "CpuModel::costs.far_memory is nan",
                     [&] { static_cast<void>(target.plan_limits()); });
  target.model = {};
  target.model.costs.most_kept = -1;
  test::expect_error(ErrorCode::invalid_argument, "CpuModel::costs.most_kept is -1",
                     [&] { static_cast<void>(target.plan_limits()); });
  GpuTarget gpu;
  gpu.model.multiprocessors = 0;
  test::expect_error(ErrorCode::invalid_argument,
                     "GpuModel::multiprocessors is 0: it must be between 1 and 1000000",
                     [&] { static_cast<void>(gpu.plan_limits()); });
}

/// Every model that the caches of a machine give can be used, however small they are.
TEST(CpuModel, OfAnyCachesCanBeUsed) {
  for (std::int64_t bytes = 1; bytes <= (std::int64_t{1} << 34); bytes *= 4) {
    EXPECT_NO_THROW(check(CpuModel::of("any", {bytes, bytes, bytes}))) << bytes;
  }
}

/// Models of one class give one nest, and a model with smaller caches another.
TEST(CpuModel, DecidesNests) {
  const Graph body = test::leaky_relu_kernel(std::int64_t{1} << 20);
  const auto streams = [&](const CpuModel& model) {
    Target target = Target::parse("x86-64-v4");
    target.model = model;
    return should_stream(body, target);
  };
  EXPECT_FALSE(streams(CpuModel()));
  EXPECT_TRUE(streams(CpuModel::of("small", {0, 0, 4 * kMiB})));
}

}  // namespace
}  // namespace sinter
