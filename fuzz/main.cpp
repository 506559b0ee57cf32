// sinter_fuzz: computes random graphs in different ways and compares the bits.
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include <sinter/fuzz/case.h>
#include <sinter/fuzz/nest_hashes.h>
#include <sinter/ir/error.h>

#include "workers.h"

namespace {

using namespace sinter;
using namespace sinter::fuzz;

constexpr std::string_view kHelp =
    R"(sinter_fuzz: makes random graphs, computes each in several ways, and compares
every bit with the interpreter. A graph that differs or crashes is shrunk.

  sinter_fuzz [options]

  --graphs N      check N graphs (default 20000)
  --minutes M     check graphs for M minutes instead
  --seed N        first seed (default random); graph k of a run has seed N + k
  --workers N     number of processes (default one per CPU)
  --way TEXT      only ways whose name contains TEXT, such as x86-64-v3 or "op by op"
  --list-ways     print the ways of this machine
  --nests         print a hash of the loop nests of the graphs, by target: a change
                  that keeps the decisions of planner and schedulers keeps it
  --no-shrink     show a failing graph without shrinking it
  --repro FILE    compute the case in FILE, printed by an earlier run, in every way
  --help          this text

Exit status: 0 no difference, 1 a difference, 2 wrong arguments.
)";

struct Options {
  std::uint64_t graphs = 20'000;
  double minutes = 0;
  std::uint64_t seed = 0;
  int workers = 0;
  std::string way;
  std::string repro;
  bool list_ways = false;
  bool nests = false;
  bool shrinks = true;
};

[[noreturn]] void refuse(const std::string& message) {
  fmt::print(stderr, "sinter_fuzz: {}; see --help\n", message);
  std::exit(2);
}

template <typename T>
T number(std::string_view option, std::string_view text) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(value >= 0)) {
    refuse(fmt::format("{} takes a number, not '{}'", option, text));
  }
  return value;
}

Options parse_options(int argc, char** argv) {
  Options options;
  std::random_device device;
  // Kept short, so that it can be typed.
  options.seed = device() % 1'000'000'000ULL * 1'000ULL;
  options.workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto value = [&]() -> std::string_view {
      if (i + 1 == argc) refuse(fmt::format("{} needs a value", name));
      return argv[++i];
    };
    if (name == "--help" || name == "-h") {
      fmt::print("{}", kHelp);
      std::exit(0);
    } else if (name == "--graphs") {
      options.graphs = number<std::uint64_t>(name, value());
    } else if (name == "--minutes") {
      options.minutes = number<double>(name, value());
    } else if (name == "--seed") {
      options.seed = number<std::uint64_t>(name, value());
    } else if (name == "--workers") {
      options.workers = std::max(1, number<int>(name, value()));
    } else if (name == "--way") {
      options.way = value();
    } else if (name == "--repro") {
      options.repro = value();
    } else if (name == "--list-ways") {
      options.list_ways = true;
    } else if (name == "--nests") {
      options.nests = true;
    } else if (name == "--no-shrink") {
      options.shrinks = false;
    } else {
      refuse(fmt::format("there is no option '{}'", name));
    }
  }
  return options;
}

/// Called in each process that needs the ways: engines have threads, which a fork does not copy.
std::vector<Way> chosen_ways(const Options& options) {
  std::vector<Way> ways;
  for (Way& way : all_ways()) {
    if (way.name.find(options.way) != std::string::npos) ways.push_back(std::move(way));
  }
  return ways;
}

std::vector<std::string> names_of_ways(const Options& options) {
  const std::string joined = in_child([&] {
    std::string names;
    for (const Way& way : chosen_ways(options)) names += way.name + '\n';
    return names;
  });
  std::vector<std::string> names;
  std::istringstream lines(joined);
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  if (names.empty()) refuse(fmt::format("no way has '{}' in its name", options.way));
  return names;
}

std::string difference_in(const std::string& name, const Case& given) {
  return in_child([&]() -> std::string {
    for (const Way& way : all_ways()) {
      if (way.name == name) return difference(given, way);
    }
    return "";
  });
}

/// Checks a graph in two ways only, because compiling takes most of the time. Over many
/// seeds, all ways are used about equally often.
bool fails(std::uint64_t seed, const std::vector<Way>& ways) {
  const Case given = random_case(seed);
  const std::size_t count = ways.size();
  const std::size_t first = seed % count;
  const std::size_t second =
      (first + 1 + seed / count % std::max<std::size_t>(count - 1, 1)) % count;
  return !difference(given, ways[first]).empty() || !difference(given, ways[second]).empty();
}

/// Prints the first way that differs on a case, and a shrunk case. Returns false if no way differs.
bool explain(const Options& options, const Case& given) {
  for (const std::string& name : names_of_ways(options)) {
    const std::string what = difference_in(name, given);
    if (what.empty()) continue;
    fmt::print("{}: {}\n", name, what);
    Case small = given.clone();
    if (options.shrinks) {
      small =
          shrink(given, [&](const Case& smaller) { return !difference_in(name, smaller).empty(); });
      fmt::print("\nShrunk ({}). Save it and run sinter_fuzz --repro FILE:\n\n",
                 difference_in(name, small));
    }
    fmt::print("{}", print(small));
    return true;
  }
  return false;
}

int reproduce(const Options& options) {
  std::ifstream file(options.repro);
  if (!file) refuse(fmt::format("cannot read {}", options.repro));
  std::stringstream text;
  text << file.rdbuf();
  const bool differs = explain(options, parse_case(text.str()));
  if (!differs) fmt::print("no way differs\n");
  return differs ? 1 : 0;
}

int print_nest_hashes(const Options& options) {
  fmt::print("seed {}, {} graphs\n", options.seed, options.graphs);
  for (const NestHash& one : nest_hashes(options.seed, options.graphs)) {
    fmt::print("{:016x} {:>8} nests  {}\n", one.hash, one.nests, one.target);
  }
  return 0;
}

int run(const Options& options) {
  if (options.nests) return print_nest_hashes(options);
  if (options.list_ways) {
    for (const std::string& name : names_of_ways(options)) fmt::print("{}\n", name);
    return 0;
  }
  if (!options.repro.empty()) return reproduce(options);
  static_cast<void>(names_of_ways(options));
  fmt::print("seed {}\n", options.seed);
  std::vector<Way> ways;
  const auto check = [&](std::uint64_t seed) {
    if (ways.empty()) ways = chosen_ways(options);
    return fails(seed, ways);
  };
  const auto progress = [](std::uint64_t graphs) { fmt::print(stderr, "{} graphs\n", graphs); };
  const Search search_for{.first_seed = options.seed,
                          .graphs = options.minutes > 0 ? UINT64_MAX : options.graphs,
                          .seconds = options.minutes * 60,
                          .workers = options.workers};
  const Found found = search(search_for, check, progress);
  fmt::print("{} graphs\n", found.checked);
  if (!found.seed) return 0;
  fmt::print("seed {} fails: sinter_fuzz --seed {} --graphs 1\n", *found.seed, *found.seed);
  if (!explain(options, random_case(*found.seed))) {
    fmt::print("but not when computed alone: the failure depends on earlier graphs\n");
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse_options(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "sinter_fuzz: {}\n", error.what());
    return 2;
  }
}
