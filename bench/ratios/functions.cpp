// Rows of mathematical functions: compared with oneDNN's in the cache, and with the copy in memory.
#include <fmt/format.h>

#include "against.h"

namespace sinter::bench {
namespace {

constexpr std::int64_t k32K = std::int64_t{32} << 10;
constexpr std::int64_t k64M = std::int64_t{64} << 20;

/// Promised speed on AVX-512, relative to oneDNN's.
double promised(std::string_view function) {
  if (function == "exp") return 1.6;
  if (function == "log") return 4;
  if (function == "tanh") return 2;
  if (function == "gelu") return 1.35;
  if (function == "sigmoid") return 1.2;
  return 1.8;  // silu
}

Field field_for(const Workload& workload, std::int64_t n) {
  Field field(n);
  if (workload.name == "log") field.make_positive();
  return field;
}

Row at_32k(const Workload& workload, const Engine& engine, const Timing& timing) {
  const Field field = field_for(workload, k32K);
  const Race race(workload, field, k32K);
  Row row = at_least(fmt::format("{}, 32K / oneDNN", workload.name), promised(workload.name));
  row = against_onednn(std::move(row), race, engine, race.bound(engine), OneDnnCall::cpp, timing);
  if (engine.target().vector_bytes < 64) row.note += "; the target is for AVX-512, not this CPU";
  return row;
}

Row at_64m(const Workload& workload, const Engine& engine, const Timing& timing) {
  const Field field = field_for(workload, k64M);
  const Race race(workload, field, k64M);
  return against_copies(at_least(fmt::format("{}, 64M / copy", workload.name), 0.9), race,
                        race.bound(engine), timing);
}

}  // namespace

void add_function_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Engine engine({.threads = 1});
  for (const Workload& workload : function_workloads()) {
    rows.push_back(at_32k(workload, engine, options.small()));
  }
  for (const Workload& workload : function_workloads()) {
    rows.push_back(at_64m(workload, engine, options.large()));
  }
}

}  // namespace sinter::bench
