// CpuJit: the lifetime of machine code, from compilation until its memory is released.
#include "../../../runtime/llvm/jit.h"

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/runtime/engine.h>

#include "runtime/llvm/leaky_kernel.h"
#include "support/sanitizer.h"

namespace sinter::detail {
namespace {

/// Number of resident pages, and number of mappings, of this process.
std::pair<long, long> memory_use() {
  long total = 0, resident = 0, mappings = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) ++mappings;
  return {resident, mappings};
}

TEST(CpuJit, ReportsTheTimeOfEachStage) {
  CompileTimes times;
  const Target target = host_target();
  const auto code = make_jit(target)->compile(leaky_nest(target), times);
  EXPECT_GT(times.emit, 0);
  EXPECT_GT(times.codegen, 0);
  EXPECT_GT(times.link, 0);
}

TEST(CpuJit, MachineCodeOutlivesTheJit) {
  CompileTimes times;
  const Target target = host_target();
  const auto code = make_jit(target)->compile(leaky_nest(target), times);
  EXPECT_EQ(call(*code, -3), -1.5F);
}

TEST(CpuJit, CompilesOnManyThreads) {
  const Target target = host_target();
  const auto jit = make_jit(target);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        CompileTimes times;
        EXPECT_EQ(call(*jit->compile(leaky_nest(target), times), -3), -1.5F);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Skipped under sanitizers: they keep freed memory for a while and map memory of their own.
TEST(CpuJit, UnloadingGivesMemoryBack) {
  if (SINTER_SANITIZED) GTEST_SKIP() << "memory that a sanitizer keeps looks like a leak";
  const Target target = host_target();
  const auto jit = make_jit(target);
  const LoopNest nest = leaky_nest(target);
  CompileTimes times;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call(*jit->compile(nest, times), -3), -1.5F);
  const auto [pages, mappings] = memory_use();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(call(*jit->compile(nest, times), -3), -1.5F);
  const auto [pages_after, mappings_after] = memory_use();
  EXPECT_LT(pages_after - pages, 100);
  EXPECT_LT(mappings_after - mappings, 4);
}

TEST(CpuJit, ManyKernelsNeedFewMappings) {
  const Target target = host_target();
  const auto jit = make_jit(target);
  const LoopNest nest = leaky_nest(target);
  CompileTimes times;
  std::vector<std::shared_ptr<const MachineCode>> codes{jit->compile(nest, times)};
  const auto [pages, mappings] = memory_use();
  for (int i = 0; i < 500; ++i) codes.push_back(jit->compile(nest, times));
  const auto [pages_after, mappings_after] = memory_use();
  EXPECT_LT(mappings_after - mappings, 20);
  for (const auto& code : codes) EXPECT_EQ(call(*code, -3), -1.5F);
}

TEST(CpuJit, RefusesATargetThatLlvmDoesNotKnow) {
  Target target = Target::parse("x86-64-v3");
  target.name = "riscv";
  target.triple = "riscv64-unknown-linux-gnu";
  try {
    static_cast<void>(make_jit(target));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("no code can be made for target 'riscv'"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace sinter::detail
