// sinter_ratios [--quick] [--json] [--only GROUP]: every promised figure, measured in one run.
//
// A group is what one file of ratios/ measures, as kGroups names them. Exits with 0 whether rows
// pass or miss: a shared machine is no judge. `--strict` exits with 1 when one misses.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <sinter/bench/measure.h>

#include "onednn.h"
#include "ratios/rows.h"

namespace {

using namespace sinter::bench;

struct Group {
  std::string_view name;
  void (*add)(std::vector<Row>& rows, const RatioOptions& options);
};
constexpr Group kGroups[] = {
    {"kernels", add_kernel_rows},    {"functions", add_function_rows},
    {"products", add_product_rows},  {"reductions", add_reduction_rows},
    {"layouts", add_layout_rows},    {"compiles", add_compile_rows},
    {"planning", add_planning_rows}, {"calls", add_call_rows},
    {"tensors", add_tensor_rows},    {"training", add_training_rows},
};

struct Flags {
  bool quick = false;
  bool json = false;
  bool strict = false;
  std::string_view only;  ///< all groups where it is empty
};

void usage(std::string_view got) {
  std::string names;
  for (const Group& group : kGroups)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", group.name);
  fmt::print(stderr,
             "sinter_ratios [--quick] [--json] [--strict] [--only GROUP], got '{}'; groups: {}\n",
             got, names);
}

bool parse_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--quick") {
      flags.quick = true;
    } else if (flag == "--json") {
      flags.json = true;
    } else if (flag == "--strict") {
      flags.strict = true;
    } else if (flag == "--only" && i + 1 < argc &&
               std::ranges::find(kGroups, argv[i + 1], &Group::name) != std::end(kGroups)) {
      flags.only = argv[++i];
    } else {
      usage(flag);
      return false;
    }
  }
  return true;
}

std::string target_text(const Row& row) {
  switch (row.bound) {
    case Bound::at_least: return fmt::format(">= {:g} {}", row.target, row.unit);
    case Bound::under: return fmt::format("< {:g} {}", row.target, row.unit);
    case Bound::exactly: return fmt::format("{:g} {}", row.target, row.unit);
  }
  return {};
}

std::string_view verdict(const Row& row) {
  if (!row.ran) return "not run";
  return row.passed() ? "pass" : "MISS";
}

void print_text(const std::vector<Row>& rows) {
  fmt::print("{:<52} {:>12} {:>9}   {:<20} {:<8} {}\n", "what", "target", "reached", "10 % .. 90 %",
             "", "");
  for (const Row& row : rows) {
    const std::string spread = fmt::format("{:.3g} .. {:.3g}", row.reached.low, row.reached.high);
    fmt::print("{:<52} {:>12} {:>9.3g}   {:<20} {:<8} {}\n", row.what, target_text(row),
               row.reached.median, spread, verdict(row), row.note);
  }
}

void print_json(const std::vector<Row>& rows) {
  fmt::print("[\n");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    fmt::print(
        R"(  {{"what": "{}", "target": "{}", "reached": {}, "verdict": "{}", "note": "{}"}}{})",
        row.what, target_text(row), to_json(row.reached), verdict(row), row.note,
        i + 1 < rows.size() ? ",\n" : "\n");
  }
  fmt::print("]\n");
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  if (!parse_flags(argc, argv, flags)) return 2;
  const RatioOptions options{.quick = flags.quick};
  std::vector<Row> rows;
  for (const Group& group : kGroups) {
    if (flags.only.empty() || flags.only == group.name) group.add(rows, options);
  }
  flags.json ? print_json(rows) : print_text(rows);
  bool all = true;
  for (const Row& row : rows) all = all && row.ran && row.passed();
  return flags.strict && !all ? 1 : 0;
}
