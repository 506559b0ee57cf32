// CpuModel and GpuModel: the numbers that planner and schedulers assume about a machine. They are
// parts of Target and GpuTarget, and the only place of such numbers. No result depends on them.
//
// Times of accesses and ops are ratios (PlanCosts). Limits on the code of a kernel, such as
// `chain`, are here too, because they follow from the width and the depth of a core.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <sinter/ir/plan.h>

namespace sinter {

/// Sizes of the data caches that one core reaches.
struct CacheSizes {
  std::int64_t l1 = 0;  ///< bytes; first level, of the core
  std::int64_t l2 = 0;  ///< bytes; second level, of the core
  std::int64_t l3 = 0;  ///< bytes; third level, of the cores that share one (a core complex)
};

/// What schedules for a CPU assume. Engine::compile and Target::plan_limits throw
/// Error(invalid_argument) for numbers that no schedule can use. The default is the model
/// `generic`; its numbers were measured on servers with AVX-512 and 2 MiB of second-level cache
/// (docs/figures.md).
struct CpuModel {
  std::string name = "generic";

  // Caches, rounded down to powers of two, so that machines of one class share code.
  std::int64_t l1_bytes = std::int64_t{32} << 10;
  std::int64_t l2_bytes = std::int64_t{2} << 20;
  std::int64_t l3_bytes = std::int64_t{32} << 20;

  // Memory.
  /// Bytes of output above which the stores of a kernel are non-temporal (see should_stream).
  std::int64_t streaming_bytes = l3_bytes / 2;
  /// Bytes of a dense input above which a loop that waits for its loads prefetches it.
  std::int64_t prefetched_bytes = l2_bytes;
  /// Distance of a prefetch in bytes; 1 and 4 KiB were no better.
  std::int64_t prefetch_distance = 2048;
  /// Fewest bytes of a row that is long enough for prefetching to pay despite a gap before the next
  /// row.
  std::int64_t long_row_bytes = std::int64_t{16} << 10;

  // Vectors in flight.
  int unroll = 4;  ///< most vectors in flight: they hide the latency of a load and a few ops
  /// Ops above which one vector in flight keeps the core busy. One copy of such a body also bounds
  /// the compile time.
  int large_body = 64;
  /// Instructions (count_operations) above which the same holds, for ops that take many.
  int large_code = 256;
  /// Fewest ops of a body that counts as a chain of dependent ops, such as a polynomial. The
  /// latency of a chain costs more than spills and reloads, so its vectors in flight may exceed the
  /// registers.
  int chain = 16;

  // Reductions.
  int kept_operations = 8;  ///< fewest ops per element of a value that is kept for the next pass
  std::int64_t kept_bytes = l1_bytes / 2;  ///< most bytes of a row of kept values

  // Transposes, by square blocks.
  /// Most bytes of the transposed blocks of all inputs, for sides above 16: they stay in the
  /// second-level cache beside what else a kernel reads.
  std::int64_t block_bytes = l2_bytes / 16;
  /// Fewest elements of two axes for which blocks have the largest side: no cache holds them.
  std::int64_t large_plane = std::int64_t{8} << 20;

  // Products.
  /// Most bytes of a single depth that covers all of K, for one row or column of an operand. The
  /// rows and columns of a tile then stay in the first two levels of the cache. A multiple of 128,
  /// at least 256: a depth is whole blocks of a transpose.
  std::int64_t depth_bytes = std::max<std::int64_t>(256, l1_bytes / 16);
  /// Bytes of a depth, for one row or column of an operand, if K is split into several depths. As
  /// `depth_bytes`, and no more.
  std::int64_t depth_block_bytes = std::max<std::int64_t>(256, l1_bytes / 32);
  /// Bytes up to which a column operand stays in the first-level cache beside the rows of a tile,
  /// so that packing does not pay.
  std::int64_t unpacked_bytes = l1_bytes - l1_bytes / 4;
  /// Overhead of a tile, in units of the cost of one of its rows: loads of columns, start and end.
  double tile_cost = 1.5;
  /// Most ops of an epilogue in registers, whose code is repeated for every row of a tile.
  int epilogue_operations = 12;

  // The planner.
  /// Bytes of the largest value that is expected to be in a cache when its consumer reads it.
  std::int64_t near_bytes = l3_bytes / 32;
  /// Bytes of the longest row that a kernel reduces and then reads again.
  std::int64_t row_bytes = std::min(std::int64_t{128} << 10, l2_bytes / 4);
  /// Bytes of a block of columns, over all rows, above which it is reduced in chunks of its height.
  std::int64_t column_bytes = l2_bytes / 2;
  std::int64_t units = 64;  ///< units of work that keep all threads busy
  /// Bytes of the smallest operand whose reduction is split into chunks for more units.
  std::int64_t chunked_bytes = std::int64_t{1} << 20;
  PlanCosts costs = {};

  /// The model of a core with such caches: every number in bytes is the same share of a cache as in
  /// `generic`. A size that is 0 is that of `generic`. Sizes are rounded down to powers of two, and
  /// to at least 1, 4 and 16 KiB.
  [[nodiscard]] static SINTER_API CpuModel of(std::string name, const CacheSizes& caches);
  /// Returns the model named "generic", "haswell", "skylake-avx512", "icelake", "sapphirerapids",
  /// "zen2", "zen3", "zen4", "neoverse-n1" or "neoverse-v1". Throws Error(unsupported), which lists
  /// the names, for any other name.
  [[nodiscard]] static SINTER_API CpuModel parse(std::string_view name);

  friend bool operator==(const CpuModel&, const CpuModel&) = default;
};

/// What schedules for a GPU assume. GpuTarget::plan_limits throws Error(invalid_argument) for
/// numbers that no schedule can use. The default is an H200.
struct GpuModel {
  std::string name = "h200";

  // The device.
  std::int64_t multiprocessors = 132;
  std::int64_t threads = 2048;                        ///< that a multiprocessor holds at once
  std::int64_t cache_bytes = std::int64_t{50} << 20;  ///< of the second level
  std::int64_t shared_bytes = std::int64_t{48}
                              << 10;  ///< that a block has without opting in to more

  // Threads and their accesses.
  int block_threads = 256;  ///< threads of a block, where the work does not ask for fewer
  int access_bytes = 16;    ///< widest access of a thread
  /// Bytes that a thread has in flight. The threads of a full multiprocessor then have 128 KiB,
  /// more than the 48 KiB that keep an H200's memory busy.
  int bytes_in_flight = 64;
  /// The same where threads access single elements. They reach only a third of the memory's
  /// bandwidth, and less code is faster to compile.
  int single_bytes_in_flight = 16;
  int unroll = 8;       ///< most accesses of each argument that a thread has in flight
  int large_body = 64;  ///< ops of a body beyond which one vector keeps a thread busy

  // Reductions.
  /// Resident threads of the device for each block that a reduction should have: half of those of a
  /// multiprocessor. Each then holds two blocks or more, and fewer threads wait for each other.
  std::int64_t reduction_block_threads = 1024;
  int reduction_ahead = 4;  ///< steps whose loads may be in flight together

  // Products.
  /// Resident threads of the device for each tile that a product should have: those of a whole
  /// multiprocessor. One tile keeps it busy, because a thread accumulates many elements at once.
  std::int64_t tile_threads = 2048;
  int thread_rows = 16;  ///< most rows of a tile that a thread accumulates: more would spill
  std::int64_t tile_columns = 256;  ///< most columns of a tile: a depth of more would not fit
  /// Fewest rows and columns that a tile is halved to: a smaller one reads as much as it computes.
  std::int64_t tile_side = 32;
  /// Steps along K whose loads may be in flight together. With 8, the largest tile takes 128
  /// registers a thread, and a multiprocessor holds two blocks; with 4 it takes 143.
  int product_ahead = 8;
  int staged_in_flight = 8;  ///< most elements in flight while a thread copies to shared memory
  /// Bytes of padding after each row in shared memory: threads that write a column then spread over
  /// the banks.
  int padding_bytes = 16;

  // The planner.
  std::int64_t near_bytes = cache_bytes / 2;           ///< as in CpuModel
  std::int64_t row_bytes = std::int64_t{128} << 10;    ///< as in CpuModel
  std::int64_t chunked_bytes = std::int64_t{1} << 20;  ///< as in CpuModel
  /// An H200 computes 33.5 T operations on f32 in a second (66.9 TFLOP/s of fused multiply-adds),
  /// moves 5.5 TB through its second-level cache and 4.3 TB through memory, and starts a kernel in
  /// 2 us. From these public figures; not measured by sinter.
  PlanCosts costs = {
      .operations_per_move = 24, .far_memory = 1.3, .kernel_start = 11e6, .hidden = 24};

  /// Threads that the device holds at once.
  [[nodiscard]] std::int64_t resident_threads() const { return multiprocessors * threads; }

  friend bool operator==(const GpuModel&, const GpuModel&) = default;
};

/// Throws Error(invalid_argument), which names the field and its range, for numbers that no
/// schedule can use.
SINTER_API void check(const CpuModel& model);
SINTER_API void check(const GpuModel& model);

/// The numbers of a model as text, one line for each group: "caches: l1_bytes 32768, ...".
[[nodiscard]] SINTER_API std::string print(const CpuModel& model);
[[nodiscard]] SINTER_API std::string print(const GpuModel& model);

}  // namespace sinter
