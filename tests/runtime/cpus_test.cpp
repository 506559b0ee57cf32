// The number of CPUs by the quota of control groups, as files in a folder.
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <sinter/runtime/engine.h>

#include "cpus.h"

namespace sinter::detail {
namespace {

class Groups : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    root_ = std::filesystem::path(testing::TempDir()) / ("sinter_groups_" + name);
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  [[nodiscard]] std::optional<int> quota(std::string_view groups) const {
    return quota_cpus(groups, root_.string());
  }

  std::filesystem::path root_;
};

TEST_F(Groups, WithoutFilesThereIsNoQuota) {
  EXPECT_EQ(quota("0::/\n"), std::nullopt);
  EXPECT_EQ(quota("0::/a/b\n"), std::nullopt);
  EXPECT_EQ(quota(""), std::nullopt);
  EXPECT_EQ(quota("not a list of groups"), std::nullopt);
}

TEST_F(Groups, AQuotaIsRoundedUp) {
  write("a/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota("0::/a\n"), 2);
  write("a/cpu.max", "1000 100000\n");
  EXPECT_EQ(quota("0::/a\n"), 1);
  write("a/cpu.max", "max 100000\n");
  EXPECT_EQ(quota("0::/a\n"), std::nullopt);
}

TEST_F(Groups, ParentsLimitToo) {
  write("a/cpu.max", "300000 100000\n");
  write("a/b/cpu.max", "800000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 3);
  EXPECT_EQ(quota("0::/a/b/of another place\n"), 3);
  write("cpu.max", "100000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 1);
  EXPECT_EQ(quota("0::/\n"), 1);
}

TEST_F(Groups, VersionOneIsRead) {
  write("cpu/a/cpu.cfs_quota_us", "400000\n");
  write("cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("7:cpuset:/a\n4:cpu,cpuacct:/a\n0::/\n"), 4);
  EXPECT_EQ(quota("4:cpuacct,cpu:/a\n"), 4);
  EXPECT_EQ(quota("7:cpuset:/a\n"), std::nullopt);
  write("cpu/a/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(quota("4:cpu,cpuacct:/a\n"), std::nullopt);
}

TEST(UsableCpus, AreThoseOfTheAffinityMask) {
  std::thread([] {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(usable_cpus(), 1);
    EXPECT_EQ(Engine().threads(), 1);
  }).join();
  EXPECT_GE(usable_cpus(), 1);
}

}  // namespace
}  // namespace sinter::detail
