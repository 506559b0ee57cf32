// Counters of an Engine: its caches, and compile time by stage.
#pragma once

#include <cstdint>

namespace sinter {

/// Counters of one cache. All but `entries` count since the engine was made.
struct CacheStats {
  std::int64_t entries = 0;    ///< entries in the cache now
  std::int64_t hits = 0;       ///< lookups that found an entry, or waited for one in the making
  std::int64_t misses = 0;     ///< entries made; each counts once, however many threads waited
  std::int64_t evictions = 0;  ///< entries dropped because the cache was full
};

/// Compile time by stage, in nanoseconds.
struct CompileTimes {
  std::int64_t plan = 0;      ///< verify, simplify, cut the graph into kernels
  std::int64_t schedule = 0;  ///< expand, collapse, schedule, key of the code cache
  std::int64_t emit = 0;      ///< LLVM IR or CUDA C
  std::int64_t codegen = 0;   ///< machine code from it
  std::int64_t link = 0;      ///< loading the machine code
  [[nodiscard]] std::int64_t total() const { return plan + schedule + emit + codegen + link; }
  CompileTimes& operator+=(const CompileTimes& other) {
    plan += other.plan;
    schedule += other.schedule;
    emit += other.emit;
    codegen += other.codegen;
    link += other.link;
    return *this;
  }
};

struct Stats {
  CacheStats kernels;  ///< level 1: executables, one per shape, dtype and slope
  CacheStats plans;    ///< level 2: plans, one per structure; slopes share it
  CacheStats code;     ///< level 3: machine code; slopes and lengths of a class share it
  CompileTimes times;  ///< sum over all compiles
};

}  // namespace sinter
