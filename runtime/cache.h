// Cache: canonical bytes to a shared value, least recently used out first.
//
// A value is made once however many threads ask: the first one makes it, under no lock, and the
// others wait. What making throws reaches all of them and leaves no entry. Keys are found by hash
// and compared in full. Values are shared: one that is evicted lives until its last user lets go,
// and is destroyed under no lock.
//
// A forked child has the entries of its parent, unless the parent had the cache locked, and makes
// for itself what the parent was making.
#pragma once

#include <atomic>
#include <exception>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sinter/runtime/stats.h>

#include "key.h"
#include "process.h"

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
    std::shared_ptr<Flight> flight;
    bool own = false;
    {
      const auto shelf = shelf_.lock();
      if (Entry* entry = shelf->find(key)) return {entry->value, false};
      flight = shelf->find_flight(key);
      own = flight == nullptr;
      if (own) {
        flight = std::make_shared<Flight>(key.bytes(), key.hash);
        shelf->flights.push_back(flight);
      }
    }
    if (!own) return {wait(*flight), false};
    return {fly(*flight, make), true};
  }

  [[nodiscard]] CacheStats stats() const {
    const auto shelf = shelf_.lock();
    CacheStats stats = shelf->stats;
    stats.entries = static_cast<std::int64_t>(shelf->entries.size());
    return stats;
  }

  void clear() {
    std::list<Entry> dropped;
    const auto shelf = shelf_.lock();
    shelf->index.clear();
    dropped.swap(shelf->entries);
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
    const std::vector<std::byte> key;
    const std::uint64_t hash;
    const std::uint32_t process = process_epoch();
    std::atomic<std::uint32_t> landed = 0;  ///< what follows does not change any more
    Pointer value;
    std::exception_ptr error;
  };
  struct Identity {
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };
  using Index =
      std::unordered_multimap<std::uint64_t, typename std::list<Entry>::iterator, Identity>;

  /// What the lock guards.
  struct Shelf {
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

    /// None that a thread of a parent process began: here nobody lands it.
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
    CacheStats stats;  ///< without entries
  };

  Pointer wait(const Flight& flight) {
    flight.landed.wait(0, std::memory_order_acquire);
    if (flight.error != nullptr) std::rethrow_exception(flight.error);
    ++shelf_.lock()->stats.hits;
    return flight.value;
  }

  template <typename Make>
  Pointer fly(Flight& flight, Make& make) {
    try {
      Pointer value = make();
      insert(flight, value);
      return value;
    } catch (...) {
      flight.error = std::current_exception();
      land(*shelf_.lock(), flight);
      throw;
    }
  }

  void insert(Flight& flight, const Pointer& value) {
    std::list<Entry> evicted;
    std::list<Entry> fresh;
    fresh.push_back({flight.key, flight.hash, value});
    const auto shelf = shelf_.lock();
    shelf->index.emplace(flight.hash, fresh.begin());
    shelf->entries.splice(shelf->entries.begin(), fresh);
    ++shelf->stats.misses;
    while (shelf->entries.size() > limit_) shelf->evict_last(evicted);
    flight.value = value;
    land(*shelf, flight);
  }

  static void land(Shelf& shelf, Flight& flight) {
    flight.landed.store(1, std::memory_order_release);
    flight.landed.notify_all();
    std::erase_if(shelf.flights, [&](const auto& other) { return other.get() == &flight; });
  }

  const std::size_t limit_;
  Guarded<Shelf> shelf_;
};

}  // namespace sinter::detail
