// Tensors on a GPU: they live in device memory.
#include <gtest/gtest.h>

#include <sinter/sinter.h>

#include "fake_cuda.h"

namespace sinter::test {
namespace {

TEST(CudaTensor, LivesInMemoryOfTheDevice) {
  FakeCuda fake;
  {
    const Engine engine(EngineOptions{.device = Device::cuda(0)});
    Tensor x = engine.tensor({-4, -2, 0, 2});
    EXPECT_EQ(fake.allocations(), 1);
    x.leaky_relu(0.5, true);
    EXPECT_EQ((x + 1).to_vector<float>(), (std::vector<float>{-1, 0, 1, 3}));
    EXPECT_EQ(to_string(x), "[-2, -1, 0, 2]");
  }
  EXPECT_EQ(fake.allocations(), 0);
}

}  // namespace
}  // namespace sinter::test
