// What an Engine has done so far: cache levels and compile time by stage.
#pragma once

#include <cstdint>

namespace sinter {

struct CacheStats {
  std::int64_t entries = 0;
  std::int64_t hits = 0;
  std::int64_t misses = 0;  ///< entries made, each once however many threads asked
  std::int64_t evictions = 0;
};

/// Nanoseconds.
struct CompileTimes {
  std::int64_t plan = 0;      ///< verify, simplify, partition
  std::int64_t schedule = 0;  ///< expand, collapse, schedule, key
  std::int64_t emit = 0;      ///< LLVM IR
  std::int64_t codegen = 0;   ///< machine code
  std::int64_t link = 0;      ///< into this process
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
  CacheStats kernels;  ///< level 1: per shape, dtype, slope
  CacheStats plans;    ///< level 2: per structure; slopes share
  CacheStats code;     ///< level 3: machine code; slopes and lengths share
  CompileTimes times;  ///< summed over all compiles
};

}  // namespace sinter
