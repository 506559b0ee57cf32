// Fixture for engines on the fake driver. Every test must release all that it got from the driver.
#pragma once

#include <gtest/gtest.h>

#include <sinter/sinter.h>

#include "fake_cuda.h"

namespace sinter::test {

class CudaEngine : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(fake.context_depth(), 0) << "a context was left behind";
    EXPECT_EQ(fake.allocations(), 0) << "memory was left behind";
    EXPECT_EQ(fake.modules(), 0) << "a module was left behind";
    EXPECT_EQ(fake.primary_contexts(), 0) << "a primary context was left behind";
  }
  FakeCuda fake;
};

inline Engine make_engine() { return Engine(EngineOptions{.device = Device::cuda(0)}); }

/// A graph that is several kernels with temporaries between them when compiled with Fuse::none.
inline Graph several_kernels() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {6, 40});
  graph.output("y", (x * 2 + 1).transpose() + 0.5);
  return graph;
}

}  // namespace sinter::test
