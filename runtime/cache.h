// Cache: canonical bytes to a shared value, least recently used out first.
//
// A value is made once however many threads ask: the first one makes it, under no lock, and the
// others wait. What making throws reaches all of them and leaves no entry. Keys are found by hash
// and compared in full. Values are shared: one that is evicted lives until its last user lets go,
// and is destroyed under no lock.
#pragma once

#include <condition_variable>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sinter/runtime/stats.h>

#include "key.h"

namespace sinter::detail {

template <typename Value>
class Cache {
 public:
  using Pointer = std::shared_ptr<const Value>;
  struct Found {
    Pointer value;
    bool made = false;  ///< by this call
  };

  explicit Cache(std::size_t limit) : limit_(limit) {}

  /// The value of `key`; where there is none yet, that of `make()`, a Pointer.
  template <typename Make>
  [[nodiscard]] Found get(const KeyView& key, Make&& make) {
    std::unique_lock lock(mutex_);
    if (Entry* entry = find(key)) return {entry->value, false};
    if (std::shared_ptr<Flight> flight = find_flight(key)) return {wait(lock, *flight), false};
    const auto flight = std::make_shared<Flight>(key.bytes(), key.hash);
    flights_.push_back(flight);
    lock.unlock();
    return {fly(*flight, make), true};
  }

  [[nodiscard]] CacheStats stats() const {
    const std::lock_guard lock(mutex_);
    CacheStats stats = stats_;
    stats.entries = static_cast<std::int64_t>(entries_.size());
    return stats;
  }

  void clear() {
    std::list<Entry> dropped;
    const std::lock_guard lock(mutex_);
    index_.clear();
    dropped.swap(entries_);
  }

  /// Bytes of an entry beside its key's and its value's.
  [[nodiscard]] static constexpr std::int64_t entry_overhead() {
    return sizeof(Entry) + sizeof(typename Index::value_type) + 4 * sizeof(void*);
  }

 private:
  struct Entry {
    std::vector<std::byte> key;
    std::uint64_t hash;
    Pointer value;
  };
  /// A value that one thread makes and others may wait for.
  struct Flight {
    Flight(std::vector<std::byte> bytes, std::uint64_t hashed)
        : key(std::move(bytes)), hash(hashed) {}
    std::vector<std::byte> key;
    std::uint64_t hash;
    bool landed = false;
    Pointer value;
    std::exception_ptr error;
  };
  struct Identity {
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };
  using Index =
      std::unordered_multimap<std::uint64_t, typename std::list<Entry>::iterator, Identity>;

  Entry* find(const KeyView& key) {
    const auto [first, last] = index_.equal_range(key.hash);
    for (auto it = first; it != last; ++it) {
      if (!key.equals(it->second->key)) continue;
      entries_.splice(entries_.begin(), entries_, it->second);
      ++stats_.hits;
      return &*it->second;
    }
    return nullptr;
  }

  std::shared_ptr<Flight> find_flight(const KeyView& key) const {
    for (const std::shared_ptr<Flight>& flight : flights_) {
      if (flight->hash == key.hash && key.equals(flight->key)) return flight;
    }
    return nullptr;
  }

  Pointer wait(std::unique_lock<std::mutex>& lock, const Flight& flight) {
    landed_.wait(lock, [&] { return flight.landed; });
    if (flight.error != nullptr) std::rethrow_exception(flight.error);
    ++stats_.hits;
    return flight.value;
  }

  template <typename Make>
  Pointer fly(Flight& flight, Make& make) {
    try {
      Pointer value = make();
      insert(flight, value);
      return value;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      flight.error = std::current_exception();
      land(flight);
      throw;
    }
  }

  void insert(Flight& flight, const Pointer& value) {
    std::list<Entry> evicted;
    std::list<Entry> fresh;
    fresh.push_back({flight.key, flight.hash, value});
    const std::lock_guard lock(mutex_);
    index_.emplace(flight.hash, fresh.begin());
    entries_.splice(entries_.begin(), fresh);
    ++stats_.misses;
    while (entries_.size() > limit_) evict_last(evicted);
    flight.value = value;
    land(flight);
  }

  void land(Flight& flight) {
    flight.landed = true;
    std::erase_if(flights_, [&](const auto& other) { return other.get() == &flight; });
    landed_.notify_all();
  }

  void evict_last(std::list<Entry>& evicted) {
    const auto last = std::prev(entries_.end());
    auto [it, end] = index_.equal_range(last->hash);
    while (it != end && it->second != last) ++it;
    index_.erase(it);
    evicted.splice(evicted.begin(), entries_, last);
    ++stats_.evictions;
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable landed_;
  std::list<Entry> entries_;  ///< most recently used first
  Index index_;
  std::vector<std::shared_ptr<Flight>> flights_;
  CacheStats stats_;  ///< without entries
};

}  // namespace sinter::detail
