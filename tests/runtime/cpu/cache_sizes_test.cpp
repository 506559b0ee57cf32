// The sizes of caches that sysfs lists, from a copy of its folders.
#include "../../../runtime/cpu/cache_sizes.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace sinter::detail {
namespace {

namespace fs = std::filesystem;

class CacheSizesOf : public testing::Test {
 protected:
  CacheSizesOf() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / (std::string("sinter_cache_sizes_") + info.name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~CacheSizesOf() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  void add(const std::string& cache, const std::string& level, const std::string& type,
           const std::string& size) {
    const fs::path folder = root_ / cache;
    fs::create_directories(folder);
    std::ofstream(folder / "level") << level << '\n';
    std::ofstream(folder / "type") << type << '\n';
    std::ofstream(folder / "size") << size << '\n';
  }
  void expect(std::int64_t l1, std::int64_t l2, std::int64_t l3) const {
    const CacheSizes sizes = cache_sizes(root_);
    EXPECT_EQ(sizes.l1, l1);
    EXPECT_EQ(sizes.l2, l2);
    EXPECT_EQ(sizes.l3, l3);
  }
  fs::path root_;
};

TEST_F(CacheSizesOf, ACpuAreThoseOfItsDataCaches) {
  add("cpu0/cache/index0", "1", "Data", "48K");
  add("cpu0/cache/index1", "1", "Instruction", "32K");
  add("cpu0/cache/index2", "2", "Unified", "2048K");
  add("cpu0/cache/index3", "3", "Unified", "32M");
  expect(48 << 10, 2 << 20, 32 << 20);
}

TEST_F(CacheSizesOf, SeveralKindsOfCoresAreTheSmallest) {
  add("cpu0/cache/index0", "1", "Data", "64K");
  add("cpu0/cache/index2", "2", "Unified", "1024K");
  add("cpu10/cache/index0", "1", "Data", "32K");
  add("cpu10/cache/index2", "2", "Unified", "512K");
  expect(32 << 10, 512 << 10, 0);
}

TEST_F(CacheSizesOf, WhatCannotBeReadIsZero) {
  expect(0, 0, 0);
  add("cpu0/cache/index0", "1", "Data", "many");
  add("cpu0/cache/index1", "2", "Unified", "-4K");
  add("cpu0/cache/index2", "3", "Unified", "99999999999999999999K");
  add("cpu0/cache/index3", "7", "Unified", "1K");
  add("cpufreq/cache/index0", "1", "Data", "16K");
  add("cpu0/cache/indexes", "1", "Data", "16K");
  expect(0, 0, 0);
  EXPECT_EQ(cache_sizes(root_ / "nothing").l1, 0);
}

}  // namespace
}  // namespace sinter::detail
