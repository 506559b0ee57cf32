// Cache: hits and misses, order of eviction, one call of `make` per key, and failures that leave no
// entry.
#include "../../../runtime/cache/cache.h"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace sinter::detail {
namespace {

using Strings = Cache<std::string>;

/// A key that refers to `text`. A `hash` other than 0 replaces the real one, to make keys collide.
KeyView key_of(std::string_view text, std::uint64_t hash = 0) {
  const auto bytes = std::as_bytes(std::span(text));
  return {{bytes}, hash == 0 ? hash_bytes(bytes) : hash};
}

Strings::Found get(Strings& cache, std::string_view key) {
  return cache.get(key_of(key), [&] { return std::make_shared<const std::string>(key); });
}

TEST(Cache, MakesAValueOnceAndThenFindsIt) {
  Strings cache(8);
  const Strings::Found first = get(cache, "a");
  const Strings::Found second = get(cache, "a");
  EXPECT_TRUE(first.made);
  EXPECT_FALSE(second.made);
  EXPECT_EQ(first.value, second.value);
  EXPECT_EQ(cache.stats().misses, 1);
  EXPECT_EQ(cache.stats().hits, 1);
  EXPECT_EQ(cache.stats().entries, 1);
}

TEST(Cache, FindsAKeyHoweverItIsCutIntoParts) {
  Strings cache(8);
  static_cast<void>(get(cache, "abc"));
  const std::string_view text = "abc";
  KeyView key = key_of(text);
  const auto bytes = std::as_bytes(std::span(text));
  key.parts = {bytes.first(1), bytes.subspan(1, 1), bytes.subspan(2)};
  const auto found =
      cache.get(key, [] { return std::make_shared<const std::string>("not asked for"); });
  EXPECT_EQ(*found.value, "abc");
}

TEST(Cache, TellsKeysOfOneHashApart) {
  Strings cache(8);
  for (const char* text : {"a", "b", "ab"}) {
    static_cast<void>(
        cache.get(key_of(text, 7), [&] { return std::make_shared<const std::string>(text); }));
  }
  const auto found = cache.get(key_of("b", 7), [] { return Strings::Pointer(); });
  EXPECT_EQ(*found.value, "b");
  EXPECT_EQ(cache.stats().misses, 3);
}

TEST(Cache, EvictsTheLeastRecentlyUsed) {
  Strings cache(2);
  static_cast<void>(get(cache, "a"));
  static_cast<void>(get(cache, "b"));
  static_cast<void>(get(cache, "a"));
  static_cast<void>(get(cache, "c"));
  EXPECT_EQ(cache.stats().evictions, 1);
  EXPECT_EQ(cache.stats().entries, 2);
  EXPECT_FALSE(get(cache, "a").made);
  EXPECT_TRUE(get(cache, "b").made);
}

TEST(Cache, EvictsTheRightOneOfKeysThatShareAHash) {
  Strings cache(2);
  const auto touch = [&](const char* text) {
    return cache.get(key_of(text, 7), [&] { return std::make_shared<const std::string>(text); });
  };
  for (const char* text : {"a", "b", "c"}) static_cast<void>(touch(text));
  EXPECT_FALSE(touch("b").made);
  EXPECT_FALSE(touch("c").made);
  EXPECT_TRUE(touch("a").made);
}

TEST(Cache, WithoutRoomStillServes) {
  Strings cache(0);
  EXPECT_EQ(*get(cache, "a").value, "a");
  EXPECT_TRUE(get(cache, "a").made);
  EXPECT_EQ(cache.stats().entries, 0);
}

TEST(Cache, EvictedValuesLiveUntilTheirLastUserLetsGo) {
  Strings cache(1);
  const Strings::Pointer held = get(cache, "a").value;
  const std::weak_ptr<const std::string> dropped = get(cache, "b").value;
  static_cast<void>(get(cache, "c"));
  EXPECT_EQ(*held, "a");
  EXPECT_TRUE(dropped.expired());
}

TEST(Cache, ClearDropsEntriesAndKeepsCounts) {
  Strings cache(8);
  static_cast<void>(get(cache, "a"));
  cache.clear();
  EXPECT_EQ(cache.stats().entries, 0);
  EXPECT_EQ(cache.stats().misses, 1);
  EXPECT_TRUE(get(cache, "a").made);
}

TEST(Cache, SixtyFourThreadsThatAskForOneKeyMakeItOnce) {
  Strings cache(8);
  std::atomic<int> makes = 0;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      const auto found = cache.get(key_of("slow"), [&] {
        ++makes;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return std::make_shared<const std::string>("made");
      });
      right += *found.value == "made" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(makes, 1);
  EXPECT_EQ(right, 64);
  EXPECT_EQ(cache.stats().misses, 1);
  EXPECT_EQ(cache.stats().hits, 63);
}

TEST(Cache, KeysAreMadeAtTheSameTime) {
  // Each of the two makers waits for the other. If making held a lock, this would never end.
  Strings cache(8);
  std::atomic<int> inside = 0;
  const auto make_both = [&](const char* text) {
    static_cast<void>(cache.get(key_of(text), [&] {
      ++inside;
      while (inside < 2) std::this_thread::yield();
      return std::make_shared<const std::string>(text);
    }));
  };
  std::thread other(make_both, "a");
  make_both("b");
  other.join();
  EXPECT_EQ(cache.stats().entries, 2);
}

TEST(Cache, AFailureReachesAllWhoWaitAndLeavesNoEntry) {
  Strings cache(8);
  std::atomic<int> makes = 0;
  std::atomic<int> caught = 0;
  std::atomic<int> arrived = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      ++arrived;
      try {
        static_cast<void>(cache.get(key_of("bad"), [&]() -> Strings::Pointer {
          ++makes;
          while (arrived < 16) std::this_thread::yield();
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          throw std::runtime_error("cannot be made");
        }));
      } catch (const std::runtime_error& error) {
        caught += std::string_view(error.what()) == "cannot be made" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(caught, 16);
  EXPECT_LT(makes, 16);
  EXPECT_EQ(cache.stats().entries, 0);
  EXPECT_EQ(cache.stats().misses, 0);
  EXPECT_TRUE(get(cache, "bad").made);
}

TEST(Cache, ManyThreadsOverManyKeysStayWithinTheBound) {
  Strings cache(16);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        const std::string text = std::to_string((i * 7 + t * 13) % 40);
        if (*get(cache, text).value != text) ++wrong;
        if (i % 500 == 0) cache.clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.stats().entries, 16);
  EXPECT_EQ(cache.stats().hits + cache.stats().misses, 8 * 2000);
}

}  // namespace
}  // namespace sinter::detail
