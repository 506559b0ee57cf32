// Cache: an LRU map from canonical bytes to shared values.
//
// A value is made once, however many threads ask: the first thread makes it without holding the
// lock, and the others wait. An exception of the maker reaches all of them and leaves no entry.
// Keys are found by hash and compared in full. An evicted value lives until its last user releases
// it. Values are destroyed without the lock held.
//
// A forked child has the entries of its parent, or none if the parent had the cache locked. If a
// thread of the parent was making a value at the fork, the child makes that value itself.
#pragma once

#include <atomic>
#include <exception>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sinter/runtime/stats.h>

#include "cache/key.h"
#include "process.h"

namespace sinter::detail {

template <typename Value>
class Cache {
 public:
  using Pointer = std::shared_ptr<const Value>;
  struct Found {
    Pointer value;
    bool made = false;  ///< true if this call made the value
  };

  explicit Cache(std::size_t limit) : limit_(limit) {}

  /// Returns the value of `key`. If there is none, inserts and returns `make()`, a Pointer.
  template <typename Make>
  [[nodiscard]] Found get(const KeyView& key, Make&& make) {
    std::shared_ptr<Flight> flight;
    bool own = false;
    {
      const auto state = state_.lock();
      if (Entry* entry = state->find(key)) return {entry->value, false};
      flight = state->find_flight(key);
      own = flight == nullptr;
      if (own) {
        flight = std::make_shared<Flight>(key.bytes(), key.hash);
        state->flights.push_back(flight);
      }
    }
    if (!own) return {wait(*flight), false};
    return {make_value(*flight, make), true};
  }

  [[nodiscard]] CacheStats stats() const {
    const auto state = state_.lock();
    CacheStats stats = state->stats;
    stats.entries = static_cast<std::int64_t>(state->entries.size());
    return stats;
  }

  void clear() {
    std::list<Entry> dropped;
    const auto state = state_.lock();
    state->index.clear();
    dropped.swap(state->entries);
  }

  /// Approximate bytes of an entry without its key and its value.
  [[nodiscard]] static constexpr std::int64_t entry_overhead() {
    return sizeof(Entry) + sizeof(typename Index::value_type) + 4 * sizeof(void*);
  }

 private:
  struct Entry {
    std::vector<std::byte> key;
    std::uint64_t hash;
    Pointer value;
  };
  /// A value in the making: one thread makes it, others wait for it.
  struct Flight {
    Flight(std::vector<std::byte> bytes, std::uint64_t hashed)
        : key(std::move(bytes)), hash(hashed) {}
    const std::vector<std::byte> key;
    const std::uint64_t hash;
    const std::uint32_t process = process_epoch();
    std::atomic<std::uint32_t> completed = 0;  ///< 1 once `value` or `error` is final
    Pointer value;
    std::exception_ptr error;
  };
  struct Identity {
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };
  using Index =
      std::unordered_multimap<std::uint64_t, typename std::list<Entry>::iterator, Identity>;

  /// The state that the lock guards.
  struct State {
    Entry* find(const KeyView& key) {
      const auto [first, last] = index.equal_range(key.hash);
      for (auto it = first; it != last; ++it) {
        if (!key.equals(it->second->key)) continue;
        entries.splice(entries.begin(), entries, it->second);
        ++stats.hits;
        return &*it->second;
      }
      return nullptr;
    }

    /// The flight of `key`; null if none. Drops flights that a thread of a parent process began: no
    /// thread of this process completes them.
    std::shared_ptr<Flight> find_flight(const KeyView& key) {
      if (flights.empty()) return nullptr;
      std::erase_if(flights,
                    [own = process_epoch()](const auto& flight) { return flight->process != own; });
      for (const std::shared_ptr<Flight>& flight : flights) {
        if (flight->hash == key.hash && key.equals(flight->key)) return flight;
      }
      return nullptr;
    }

    void evict_last(std::list<Entry>& evicted) {
      const auto last = std::prev(entries.end());
      auto [it, end] = index.equal_range(last->hash);
      while (it != end && it->second != last) ++it;
      index.erase(it);
      evicted.splice(evicted.begin(), entries, last);
      ++stats.evictions;
    }

    std::list<Entry> entries;  ///< most recently used first
    Index index;
    std::vector<std::shared_ptr<Flight>> flights;
    CacheStats stats;  ///< `entries` is not kept up to date, see stats()
  };

  Pointer wait(const Flight& flight) {
    flight.completed.wait(0, std::memory_order_acquire);
    if (flight.error != nullptr) std::rethrow_exception(flight.error);
    ++state_.lock()->stats.hits;
    return flight.value;
  }

  template <typename Make>
  Pointer make_value(Flight& flight, Make& make) {
    try {
      Pointer value = make();
      insert(flight, value);
      return value;
    } catch (...) {
      flight.error = std::current_exception();
      complete(*state_.lock(), flight);
      throw;
    }
  }

  void insert(Flight& flight, const Pointer& value) {
    std::list<Entry> evicted;
    std::list<Entry> fresh;
    fresh.push_back({flight.key, flight.hash, value});
    const auto state = state_.lock();
    state->index.emplace(flight.hash, fresh.begin());
    state->entries.splice(state->entries.begin(), fresh);
    ++state->stats.misses;
    while (state->entries.size() > limit_) state->evict_last(evicted);
    flight.value = value;
    complete(*state, flight);
  }

  static void complete(State& state, Flight& flight) {
    flight.completed.store(1, std::memory_order_release);
    flight.completed.notify_all();
    std::erase_if(state.flights, [&](const auto& other) { return other.get() == &flight; });
  }

  const std::size_t limit_;
  Guarded<State> state_;
};

}  // namespace sinter::detail
