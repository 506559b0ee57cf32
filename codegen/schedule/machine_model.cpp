// The named models, the model of a core by its caches, and models as text.
#include <sinter/codegen/machine_model.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>
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

/// The class of a cache of `bytes`, which are 0 if unknown: a power of two in [low, high].
std::int64_t rounded(std::int64_t bytes, std::int64_t otherwise, std::int64_t low,
                     std::int64_t high) {
  if (bytes <= 0) return otherwise;
  const auto down = std::bit_floor(static_cast<std::uint64_t>(bytes));
  return std::clamp(static_cast<std::int64_t>(down), low, high);
}

/// A number of a model, and the range in which schedules can use it.
struct Field {
  std::string_view name;
  double value;
  double low;
  double high;
  int multiple = 1;  ///< of what it must be a multiple; 0: it must be a power of two
};

bool fits(const Field& field) {
  if (!(field.value >= field.low && field.value <= field.high)) return false;  // NaN fails too
  const auto whole = static_cast<std::uint64_t>(field.value);
  if (field.multiple == 0) return std::has_single_bit(whole);
  return field.multiple == 1 || whole % static_cast<std::uint64_t>(field.multiple) == 0;
}

void check_fields(std::string_view model, std::span<const Field> fields) {
  for (const Field& field : fields) {
    if (fits(field)) continue;
    const std::string kind = field.multiple == 0  ? "a power of two "
                             : field.multiple > 1 ? fmt::format("a multiple of {} ", field.multiple)
                                                  : "";
    fail(ErrorCode::invalid_argument,
         fmt::format("{}::{} is {}: it must be {}between {} and {}", model, field.name, field.value,
                     kind, field.low, field.high));
  }
}

constexpr double kMany = 1LL << 40;  // bytes, elements or units

std::array<Field, 7> cost_fields(const PlanCosts& costs) {
  return {{{"costs.operations_per_move", costs.operations_per_move, 0.01, 1e6},
           {"costs.far_memory", costs.far_memory, 0.01, 1e6},
           {"costs.kernel_start", costs.kernel_start, 0, 1e15},
           {"costs.keeping", costs.keeping, 0, 1e6},
           {"costs.most_kept", static_cast<double>(costs.most_kept), 0, 1e6},
           {"costs.hidden", static_cast<double>(costs.hidden), 0, 1e6},
           {"costs.before_product", static_cast<double>(costs.before_product), 0, 1e6}}};
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
          .l1_bytes = rounded(caches.l1, generic.l1_bytes, kKiB, kMiB),
          .l2_bytes = rounded(caches.l2, generic.l2_bytes, 4 * kKiB, 1024 * kMiB),
          .l3_bytes = rounded(caches.l3, generic.l3_bytes, 16 * kKiB, 1024 * 1024 * kMiB)};
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

void check(const CpuModel& model) try {
  const auto number = [](auto value) { return static_cast<double>(value); };
  const Field fields[] = {
      {"streaming_bytes", number(model.streaming_bytes), 0, kMany * 1e6},
      {"in_place_streaming_bytes", number(model.in_place_streaming_bytes), 0, kMany * 1e6},
      {"prefetch_distance", number(model.prefetch_distance), 0, 65535},
      {"unroll", number(model.unroll), 1, 16, 0},
      {"large_body", number(model.large_body), 1, 1e6},
      {"large_code", number(model.large_code), 1, 1e6},
      {"kept_bytes", number(model.kept_bytes), 0, 1 << 20},
      {"depth_bytes", number(model.depth_bytes), 256, 1 << 16, 128},
      {"depth_block_bytes", number(model.depth_block_bytes), 256, number(model.depth_bytes), 128},
      {"tile_cost", model.tile_cost, 0, 1e6},
      {"epilogue_operations", number(model.epilogue_operations), 0, 1000},
      {"l2_bytes_per_ns", model.l2_bytes_per_ns, 1e-3, 1e6},
      {"memory_bytes_per_ns", model.memory_bytes_per_ns, 1e-3, 1e6},
      {"operations_per_ns", model.operations_per_ns, 1e-3, 1e6},
      {"start_ns", model.start_ns, 0, 1e9},
      {"parallel_ns", model.parallel_ns, 0, 1e15},
      {"units", number(model.units), 0, kMany},
      {"chunked_bytes", number(model.chunked_bytes), 0, kMany},
  };
  check_fields("CpuModel", fields);
  check_fields("CpuModel", cost_fields(model.costs));
} catch (...) {
  detail::rethrow_as_error();
}

void check(const GpuModel& model) try {
  const auto number = [](auto value) { return static_cast<double>(value); };
  const Field fields[] = {
      {"multiprocessors", number(model.multiprocessors), 1, 1e6},
      {"threads", number(model.threads), 1, 1e6},
      {"shared_bytes", number(model.shared_bytes), 48 << 10, 48 << 10},
      {"block_threads", number(model.block_threads), 64, 1024, 0},
      {"access_bytes", number(model.access_bytes), 16, 16},
      {"unroll", number(model.unroll), 1, 16, 0},
      {"reduction_block_threads", number(model.reduction_block_threads), 1, 1e6},
      {"reduction_ahead", number(model.reduction_ahead), 1, 64},
      {"tile_threads", number(model.tile_threads), 1, 1e6},
      {"thread_rows", number(model.thread_rows), 1, 16, 0},
      {"tile_columns", number(model.tile_columns), 32, 256, 0},
      {"tile_side", number(model.tile_side), 1, 256},
      {"product_ahead", number(model.product_ahead), 1, 64},
      {"staged_in_flight", number(model.staged_in_flight), 1, 64},
      {"padding_bytes", number(model.padding_bytes), 0, 64, 16},
  };
  check_fields("GpuModel", fields);
  check_fields("GpuModel", cost_fields(model.costs));
} catch (...) {
  detail::rethrow_as_error();
}

std::string print(const CpuModel& m) try {
  return fmt::format(
             "cpu model {}\n"
             "  caches: l1_bytes {}, l2_bytes {}, l3_bytes {}\n"
             "  memory: streaming_bytes {}, in_place_streaming_bytes {}, prefetched_bytes {}, "
             "prefetch_distance {}, long_row_bytes {}\n"
             "  vectors in flight: unroll {}, large_body {}, large_code {}, chain {}\n"
             "  reductions: kept_operations {}, kept_bytes {}\n"
             "  transposes: block_bytes {}, large_plane {}\n"
             "  products: depth_bytes {}, depth_block_bytes {}, unpacked_bytes {}, tile_cost {}, "
             "epilogue_operations {}\n"
             "  time: l2_bytes_per_ns {}, memory_bytes_per_ns {}, operations_per_ns {}, "
             "start_ns {}, parallel_ns {}\n"
             "  planner: near_bytes {}, row_bytes {}, column_bytes {}, units {}, chunked_bytes "
             "{}\n",
             m.name, m.l1_bytes, m.l2_bytes, m.l3_bytes, m.streaming_bytes,
             m.in_place_streaming_bytes, m.prefetched_bytes, m.prefetch_distance, m.long_row_bytes,
             m.unroll, m.large_body, m.large_code, m.chain, m.kept_operations, m.kept_bytes,
             m.block_bytes, m.large_plane, m.depth_bytes, m.depth_block_bytes, m.unpacked_bytes,
             m.tile_cost, m.epilogue_operations, m.l2_bytes_per_ns, m.memory_bytes_per_ns,
             m.operations_per_ns, m.start_ns, m.parallel_ns, m.near_bytes, m.row_bytes,
             m.column_bytes, m.units, m.chunked_bytes) +
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
