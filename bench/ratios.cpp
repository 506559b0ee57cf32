// sinter_ratios: measures every promised figure in one run. kUsage has the options.
//
// Exits with 0 also if rows miss their targets, unless --strict is given: on a shared machine a
// miss may be noise.
#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
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
  void (*add)(std::vector<Row>&, const RatioOptions&);
};

constexpr std::array kGroups{
    Group{"kernels", add_kernel_rows},    Group{"functions", add_function_rows},
    Group{"products", add_product_rows},  Group{"reductions", add_reduction_rows},
    Group{"layouts", add_layout_rows},    Group{"compiles", add_compile_rows},
    Group{"planning", add_planning_rows}, Group{"calls", add_call_rows},
    Group{"tensors", add_tensor_rows},    Group{"training", add_training_rows},
    Group{"threads", add_thread_rows},
};

constexpr std::string_view kUsage =
    R"(sinter_ratios [--quick] [--json] [--strict] [group ...]

  --quick    fewer rounds, for a rough look
  --json     the rows as JSON
  --strict   exit with 1 if a row misses its target or could not be run

Groups of rows, all of them if none is named:
 )";

std::string usage() {
  std::string text(kUsage);
  for (const Group& group : kGroups) text += fmt::format(" {}", group.name);
  return text + "\n";
}

struct Flags {
  bool quick = false;
  bool json = false;
  bool strict = false;
  bool help = false;
  std::vector<Group> groups;
};

bool parse_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto group = std::ranges::find(kGroups, flag, &Group::name);
    if (flag == "--quick") {
      flags.quick = true;
    } else if (flag == "--json") {
      flags.json = true;
    } else if (flag == "--strict") {
      flags.strict = true;
    } else if (flag == "-h" || flag == "--help") {
      flags.help = true;
    } else if (group != kGroups.end()) {
      flags.groups.push_back(*group);
    } else {
      fmt::print(stderr, "sinter_ratios: unknown argument '{}'\n\n{}", flag, usage());
      return false;
    }
  }
  if (flags.groups.empty()) std::ranges::copy(kGroups, std::back_inserter(flags.groups));
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
  if (flags.help) {
    fmt::print("{}", usage());
    return 0;
  }
  const RatioOptions options{.quick = flags.quick};
  std::vector<Row> rows;
  for (const Group& group : flags.groups) group.add(rows, options);
  flags.json ? print_json(rows) : print_text(rows);
  bool all = true;
  for (const Row& row : rows) all = all && row.ran && row.passed();
  return flags.strict && !all ? 1 : 0;
}
