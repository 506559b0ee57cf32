// FloatEnvironment: whatever the host set, kernels see the default, and the host gets its own back.
#include "../../runtime/float_environment.h"

#include <gtest/gtest.h>

namespace sinter::detail {
namespace {

constexpr unsigned kDefault = 0x1f80;
constexpr unsigned kStickyFlags = 0x3f;
constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;
constexpr unsigned kRoundUp = 0x4000;
constexpr unsigned kDivideByZeroMask = 0x0200;

class FloatEnvironmentTest : public testing::TestWithParam<unsigned> {
 protected:
  ~FloatEnvironmentTest() override { _mm_setcsr(kDefault); }
};

TEST_P(FloatEnvironmentTest, IsTheDefaultInsideAndRestoredAfter) {
  _mm_setcsr(GetParam());
  {
    const FloatEnvironment environment;
    EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault);
  }
  EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, GetParam());
}

INSTANTIATE_TEST_SUITE_P(ControlBits, FloatEnvironmentTest,
                         testing::Values(kDefault, kDefault | kFlushToZero,
                                         kDefault | kDenormalsAreZero, kDefault | kRoundUp,
                                         kDefault & ~kDivideByZeroMask,
                                         kDefault | kFlushToZero | kDenormalsAreZero));

TEST(FloatEnvironment, KeepsSubnormalsInsideOnly) {
  _mm_setcsr(kDefault | kFlushToZero | kDenormalsAreZero);
  volatile float smallest_normal = 1.17549435e-38F;
  volatile float half = 0.5F;
  const float flushed = smallest_normal * half;
  float kept = 0;
  {
    const FloatEnvironment environment;
    kept = smallest_normal * half;
  }
  _mm_setcsr(kDefault);
  EXPECT_EQ(flushed, 0.0F);
  EXPECT_EQ(kept, 5.877471754e-39F);
}

TEST(FloatEnvironment, NestsLikeAScope) {
  _mm_setcsr(kDefault | kFlushToZero);
  {
    const FloatEnvironment outer;
    {
      const FloatEnvironment inner;
    }
    EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault);
  }
  EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault | kFlushToZero);
  _mm_setcsr(kDefault);
}

}  // namespace
}  // namespace sinter::detail
