// The named models, the model of a core by its caches, and models as text.
#include <sinter/codegen/machine_model.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/error.h>
#include <sinter/ir/rethrow.h>

namespace sinter {
namespace {

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;

struct NamedCaches {
  std::string_view name;
  CacheSizes caches;
};

// From the vendors' manuals. The third level is that of a core complex of the usual server.
constexpr std::array<NamedCaches, 10> kModels{{
    {"generic", {}},
    {"haswell", {32 * kKiB, 256 * kKiB, 16 * kMiB}},
    {"skylake-avx512", {32 * kKiB, 1024 * kKiB, 32 * kMiB}},
    {"icelake", {48 * kKiB, 1280 * kKiB, 48 * kMiB}},
    {"sapphirerapids", {48 * kKiB, 2048 * kKiB, 96 * kMiB}},
    {"zen2", {32 * kKiB, 512 * kKiB, 16 * kMiB}},
    {"zen3", {32 * kKiB, 512 * kKiB, 32 * kMiB}},
    {"zen4", {32 * kKiB, 1024 * kKiB, 32 * kMiB}},
    {"neoverse-n1", {64 * kKiB, 1024 * kKiB, 32 * kMiB}},
    {"neoverse-v1", {64 * kKiB, 1024 * kKiB, 32 * kMiB}},
}};

std::int64_t rounded(std::int64_t bytes, std::int64_t otherwise) {
  if (bytes <= 0) return otherwise;
  return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(bytes)));
}

std::string print(const PlanCosts& costs) {
  return fmt::format(
      "  costs: operations_per_move {}, far_memory {}, kernel_start {}, keeping {}, most_kept {}, "
      "hidden {}, before_product {}\n",
      costs.operations_per_move, costs.far_memory, costs.kernel_start, costs.keeping,
      costs.most_kept, costs.hidden, costs.before_product);
}

}  // namespace

CpuModel CpuModel::of(std::string name, const CacheSizes& caches) {
  const CpuModel generic;
  return {.name = std::move(name),
          .l1_bytes = rounded(caches.l1, generic.l1_bytes),
          .l2_bytes = rounded(caches.l2, generic.l2_bytes),
          .l3_bytes = rounded(caches.l3, generic.l3_bytes)};
}

CpuModel CpuModel::parse(std::string_view name) try {
  const auto found = std::ranges::find(kModels, name, &NamedCaches::name);
  if (found != kModels.end()) return of(std::string(name), found->caches);
  std::array<std::string_view, kModels.size()> names;
  std::ranges::transform(kModels, names.begin(), &NamedCaches::name);
  fail(ErrorCode::unsupported,
       fmt::format("there is no model of a CPU named '{}'; the models are {}", name,
                   fmt::join(names, ", ")));
} catch (...) {
  detail::rethrow_as_error();
}

std::string print(const CpuModel& m) try {
  return fmt::format(
             "cpu model {}\n"
             "  caches: l1_bytes {}, l2_bytes {}, l3_bytes {}\n"
             "  memory: streaming_bytes {}, prefetched_bytes {}, prefetch_distance {}, "
             "long_row_bytes {}\n"
             "  vectors in flight: unroll {}, large_body {}, large_code {}, chain {}\n"
             "  reductions: kept_operations {}, kept_bytes {}\n"
             "  transposes: block_bytes {}, large_plane {}\n"
             "  products: depth_bytes {}, depth_block_bytes {}, unpacked_bytes {}, tile_cost {}, "
             "epilogue_operations {}\n"
             "  planner: near_bytes {}, row_bytes {}, column_bytes {}, units {}, chunked_bytes "
             "{}\n",
             m.name, m.l1_bytes, m.l2_bytes, m.l3_bytes, m.streaming_bytes, m.prefetched_bytes,
             m.prefetch_distance, m.long_row_bytes, m.unroll, m.large_body, m.large_code, m.chain,
             m.kept_operations, m.kept_bytes, m.block_bytes, m.large_plane, m.depth_bytes,
             m.depth_block_bytes, m.unpacked_bytes, m.tile_cost, m.epilogue_operations,
             m.near_bytes, m.row_bytes, m.column_bytes, m.units, m.chunked_bytes) +
         print(m.costs);
} catch (...) {
  detail::rethrow_as_error();
}

std::string print(const GpuModel& m) try {
  return fmt::format(
             "gpu model {}\n"
             "  device: multiprocessors {}, threads {}, cache_bytes {}, shared_bytes {}\n"
             "  accesses: block_threads {}, access_bytes {}, bytes_in_flight {}, "
             "single_bytes_in_flight {}, unroll {}, large_body {}\n"
             "  reductions: reduction_block_threads {}, reduction_ahead {}\n"
             "  products: tile_threads {}, thread_rows {}, tile_columns {}, tile_side {}, "
             "product_ahead {}, staged_in_flight {}, padding_bytes {}\n"
             "  planner: near_bytes {}, row_bytes {}, chunked_bytes {}\n",
             m.name, m.multiprocessors, m.threads, m.cache_bytes, m.shared_bytes, m.block_threads,
             m.access_bytes, m.bytes_in_flight, m.single_bytes_in_flight, m.unroll, m.large_body,
             m.reduction_block_threads, m.reduction_ahead, m.tile_threads, m.thread_rows,
             m.tile_columns, m.tile_side, m.product_ahead, m.staged_in_flight, m.padding_bytes,
             m.near_bytes, m.row_bytes, m.chunked_bytes) +
         print(m.costs);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
