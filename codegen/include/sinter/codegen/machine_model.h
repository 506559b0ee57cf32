// Machine models: the numbers by which planner and schedulers decide. Target has a CpuModel,
// GpuTarget a GpuModel. They affect speed only, never results.
//
// Costs are relative (PlanCosts). Thresholds of unrolling and code size, such as `chain`, are here
// because they depend on the latencies of a core. What is not here: the shapes of tiles, which
// follow from the number of registers, and the units of work that schedule.h defines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <sinter/ir/plan.h>

namespace sinter {

/// Sizes, in bytes, of the data caches that one core can use; 0 if unknown.
struct CacheSizes {
  std::int64_t l1 = 0;  ///< first level
  std::int64_t l2 = 0;  ///< second level
  std::int64_t l3 = 0;  ///< third level: of the cores that share one (a core complex)
};

/// The model of a CPU. The default is `generic`: numbers tuned on the x86 servers of
/// docs/figures.md. Engine::compile and Target::plan_limits throw Error(invalid_argument) for
/// values outside the ranges of `check`.
struct CpuModel {
  std::string name = "generic";

  // Caches. The initial values of many fields below are shares of them. A later change of a cache
  // changes no other field: use `of`.
  std::int64_t l1_bytes = std::int64_t{32} << 10;
  std::int64_t l2_bytes = std::int64_t{2} << 20;
  std::int64_t l3_bytes = std::int64_t{32} << 20;

  // Memory.
  /// Kernels with more bytes of output use non-temporal stores (see should_stream).
  std::int64_t streaming_bytes = l3_bytes / 2;
  /// The same for an output that aliases an input. Its lines are in the cache already, so ordinary
  /// stores are faster until the buffer is several times as large as the cache: on a Zen 4 with 32
  /// MiB a non-temporal loop in place had 0.76 of the speed of a plain one at 32 MiB, 1.15 at 96.
  std::int64_t in_place_streaming_bytes = 4 * streaming_bytes;
  /// Loops that are bound by latency prefetch dense inputs of more bytes.
  std::int64_t prefetched_bytes = l2_bytes;
  /// Prefetch distance in bytes; 1 KiB and 4 KiB measured no better.
  std::int64_t prefetch_distance = 2048;
  /// Shortest row, in bytes, that is prefetched if the rows of an input are not adjacent in memory.
  std::int64_t long_row_bytes = std::int64_t{16} << 10;

  // Unrolling.
  /// Most vectors in flight, a power of two: they hide the latency of a load and a few ops. In
  /// reductions of columns the registers are the only limit.
  int unroll = 4;
  /// Bodies of more ops are not unrolled: one vector keeps the core busy, and the time to compile
  /// stays bounded.
  int large_body = 64;
  /// The same limit in instructions (count_operations), for ops that expand to many.
  int large_code = 256;
  /// Bodies of at least so many ops, such as polynomials, are bound by latency: they may be
  /// unrolled to twice the registers, because spills cost less than stalls, and their inputs are
  /// prefetched.
  int chain = 16;

  // Reductions.
  /// A value of at least so many ops per element is stored for the next pass over a row instead of
  /// rematerialised,
  int kept_operations = 8;
  std::int64_t kept_bytes = l1_bytes / 2;  ///< if its row has at most so many bytes

  // Transposes, by square blocks.
  /// Most bytes of one block of every transposed input together: they fit the second-level cache
  /// beside the other inputs. Blocks of 16 x 16 are always allowed.
  std::int64_t block_bytes = l2_bytes / 16;
  /// Two axes with at least so many elements use blocks of 128 x 128: they exceed every cache.
  std::int64_t large_plane = std::int64_t{8} << 20;

  // Products. A depth is a block along K, `kc` of other libraries.
  /// If K elements of one row or column take at most so many bytes, K is not split: the rows and
  /// columns of a tile then stay in the first two levels of the cache. A multiple of 128, at least
  /// 256, because transposed operands are read in whole blocks.
  std::int64_t depth_bytes = std::max<std::int64_t>(256, l1_bytes / 16);
  /// Bytes of a depth, for one row or column, if K is split. The same rules, and at most
  /// `depth_bytes`.
  std::int64_t depth_block_bytes = std::max<std::int64_t>(256, l1_bytes / 32);
  /// A column operand (B) of at most so many bytes fits the first-level cache beside the rows of a
  /// tile, and is not packed.
  std::int64_t unpacked_bytes = l1_bytes - l1_bytes / 4;
  /// Fixed cost of a tile (loads of columns, prologue, epilogue): a tile of r rows costs
  /// r + tile_cost.
  double tile_cost = 1.5;
  /// Most ops of an epilogue that is computed on the accumulators in registers; its code is
  /// repeated for every row of a tile.
  int epilogue_operations = 12;

  // Speeds of one core, for estimate_nanoseconds. On an Emerald Rapids the estimates were 0.6 to
  // 1.15 times the time of gelu, pow and softmax over 16 K to 1 M elements (docs/figures.md).
  double l2_bytes_per_ns = 60;      ///< bytes read and written, if all fit the second-level cache
  double memory_bytes_per_ns = 25;  ///< bytes read and written, if they do not
  double operations_per_ns = 5;  ///< operations on whole vectors, as count_operations counts them
  double start_ns = 20;          ///< nanoseconds that a kernel without elements takes
  /// Shortest kernel, in nanoseconds, that two threads compute faster than one. It is about twice
  /// the time to wake a thread and to wait for it.
  double parallel_ns = 5000;

  // The planner; see PlanLimits.
  /// The largest value that is expected to be in a cache when its consumer reads it.
  std::int64_t near_bytes = l3_bytes / 32;
  /// The longest row that a kernel reduces and then reads again.
  std::int64_t row_bytes = std::min(std::int64_t{128} << 10, l2_bytes / 4);
  /// A block of columns of more bytes, over all rows, is reduced in chunks of rows.
  std::int64_t column_bytes = l2_bytes / 2;
  /// Parallel units of work that keep all threads busy. A large reduction with fewer is split into
  /// chunks,
  std::int64_t units = 64;
  /// if its operand has at least so many bytes.
  std::int64_t chunked_bytes = std::int64_t{1} << 20;
  PlanCosts costs = {};

  /// The model of a core with such caches: fields that are shares of a cache follow from them. A
  /// size of 0 is that of `generic`. Sizes are rounded down to powers of two, so that similar
  /// machines share code, and kept within 1 KiB to 1 MiB, 4 KiB to 1 GiB and 16 KiB to 1 TiB.
  [[nodiscard]] static SINTER_API CpuModel of(std::string name, const CacheSizes& caches);
  /// Returns the model named "generic", "haswell", "skylake-avx512", "icelake", "sapphirerapids",
  /// "zen2", "zen3", "zen4", "neoverse-n1" or "neoverse-v1". Throws Error(unsupported), which lists
  /// the names, for any other name.
  [[nodiscard]] static SINTER_API CpuModel parse(std::string_view name);

  friend bool operator==(const CpuModel&, const CpuModel&) = default;
};

/// The model of a GPU. The default is an H200. GpuTarget::plan_limits throws
/// Error(invalid_argument) for values outside the ranges of `check`.
struct GpuModel {
  std::string name = "h200";

  // The device.
  std::int64_t multiprocessors = 132;
  std::int64_t threads = 2048;                         ///< resident threads of a multiprocessor
  std::int64_t cache_bytes = std::int64_t{50} << 20;   ///< size of the second-level cache
  std::int64_t shared_bytes = std::int64_t{48} << 10;  ///< shared memory of a block; 48 KiB for now

  // Threads and their accesses.
  /// Threads of a block of elementwise kernels and products. Reductions may use fewer.
  int block_threads = 256;
  int access_bytes = 16;  ///< widest access of a thread; 16 for now
  /// Most bytes of loads that a thread has in flight. The threads of a full multiprocessor then
  /// have 128 KiB, more than the 48 KiB that keep an H200's memory busy.
  int bytes_in_flight = 64;
  /// The same for accesses of single elements. They reach a third of the bandwidth in any case, so
  /// shorter code is better.
  int single_bytes_in_flight = 16;
  int unroll = 8;       ///< most accesses of each argument that a thread has in flight
  int large_body = 64;  ///< bodies of more ops are not unrolled: one vector keeps a thread busy

  // Reductions.
  /// A reduction aims at resident_threads() / reduction_block_threads blocks. 1024 gives two blocks
  /// for each multiprocessor, so fewer threads wait at a barrier.
  std::int64_t reduction_block_threads = 1024;
  /// Steps whose loads may be in flight together; twice as many when columns are reduced.
  int reduction_ahead = 4;

  // Products.
  /// A product aims at resident_threads() / tile_threads tiles. 2048 gives one for each
  /// multiprocessor: it suffices, because each thread has many accumulators.
  std::int64_t tile_threads = 2048;
  int thread_rows = 16;  ///< most rows of a tile that a thread accumulates: more would spill
  /// Most columns of a tile: a depth of a wider one exceeds shared memory.
  std::int64_t tile_columns = 256;
  std::int64_t tile_side =
      32;  ///< sides are not halved below this: smaller tiles are bound by loads
  /// Steps along K whose loads may be in flight together. With 8, the largest tile takes 128
  /// registers a thread, and a multiprocessor holds two blocks; with 4 it takes 143, so it holds
  /// one.
  int product_ahead = 8;
  int staged_in_flight = 8;  ///< most elements in flight while a thread copies to shared memory
  /// Padding after each row in shared memory: threads that write a column then spread over the
  /// banks.
  int padding_bytes = 16;

  // The planner; see PlanLimits.
  /// The largest value that is expected to be in the cache when its consumer reads it.
  std::int64_t near_bytes = cache_bytes / 2;
  /// The longest row that a kernel reduces and then reads again.
  std::int64_t row_bytes = std::int64_t{128} << 10;
  /// The smallest operand whose reduction is split into chunks.
  std::int64_t chunked_bytes = std::int64_t{1} << 20;
  /// An H200 computes 33.5 T operations on f32 in a second (half of NVIDIA's 67 TFLOP/s, which
  /// count a multiply-add as two), copies 4.3 TB/s from memory to memory (measured) and, by
  /// estimate, 5.5 TB/s within its second-level cache; a launch takes about 2 us.
  PlanCosts costs = {
      .operations_per_move = 24, .far_memory = 1.3, .kernel_start = 11e6, .hidden = 24};

  /// Threads that the device holds at once.
  [[nodiscard]] std::int64_t resident_threads() const { return multiprocessors * threads; }

  friend bool operator==(const GpuModel&, const GpuModel&) = default;
};

/// Throws Error(invalid_argument), which names the field and its range, for a value that schedules
/// cannot use.
SINTER_API void check(const CpuModel& model);
SINTER_API void check(const GpuModel& model);

/// The name of a model, then its numbers: a line for each group, "  caches: l1_bytes 32768, ...".
[[nodiscard]] SINTER_API std::string print(const CpuModel& model);
[[nodiscard]] SINTER_API std::string print(const GpuModel& model);

}  // namespace sinter
