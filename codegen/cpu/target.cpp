// The named targets. `host_target()` in runtime describes the machine that runs sinter.
#include <sinter/codegen/target.h>

#include <sinter/codegen/schedule.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/error.h>
#include <sinter/ir/rethrow.h>

namespace sinter {
namespace {

constexpr const char* kLinux = "x86_64-unknown-linux-gnu";
constexpr const char* kArmLinux = "aarch64-unknown-linux-gnu";
/// The extensions of every x86-64 that sinter serves.
constexpr Extensions kAvx2 = Extensions::avx2 | Extensions::f16c;

std::array<Target, 3> named_targets() {
  return {Target{.name = "x86-64-v3",
                 .triple = kLinux,
                 .cpu = "x86-64-v3",
                 .features = "",
                 .vector_bytes = 32,
                 .vector_registers = 16,
                 .masked_memory = false,
                 .extensions = kAvx2},
          Target{.name = "x86-64-v4",
                 .triple = kLinux,
                 .cpu = "x86-64-v4",
                 .features = "",
                 .vector_bytes = 64,
                 .vector_registers = 32,
                 .masked_memory = true,
                 .extensions = kAvx2 | Extensions::avx512},
          Target{.name = "aarch64",
                 .triple = kArmLinux,
                 .cpu = "generic",
                 .features = "",
                 .vector_bytes = 16,
                 .vector_registers = 32,
                 .masked_memory = false,
                 .masked_words = false,
                 .extensions = Extensions::neon}};
}

}  // namespace

Target Target::parse(std::string_view name) try {
  const auto targets = named_targets();
  const auto found = std::ranges::find(targets, name, &Target::name);
  if (found != targets.end()) return *found;
  std::array<std::string_view, targets.size()> names;
  std::ranges::transform(targets, names.begin(), &Target::name);
  fail(ErrorCode::unsupported,
       fmt::format("there is no target '{}'; named targets are {}", name, fmt::join(names, ", ")));
} catch (...) {
  detail::rethrow_as_error();
}

PlanLimits Target::plan_limits() const {
  check(model);
  return {.cache_bytes = model.near_bytes,
          .row_bytes = model.row_bytes,
          .product_rows = kProductRows,
          .product_row_bytes = kProductRowBytes,
          .units = model.units,
          .chunked_bytes = model.chunked_bytes,
          .column_bytes = model.column_bytes,
          .column_block = kColumnBlock,
          .costs = model.costs};
}

}  // namespace sinter
