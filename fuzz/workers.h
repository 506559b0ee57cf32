// Runs work in child processes, so that a crash ends only the child and its seed is known.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sinter::fuzz {

/// What to search.
struct Search {
  std::uint64_t first_seed = 1;
  std::uint64_t graphs = 0;  ///< number of seeds to check
  double seconds = 0;        ///< stops after this time; 0 for no limit
  int workers = 1;           ///< number of processes
};

/// The result of a search.
struct Found {
  std::uint64_t checked = 0;          ///< number of seeds checked
  std::optional<std::uint64_t> seed;  ///< a seed that failed or crashed, if any
};

/// Calls `fails(seed)` for consecutive seeds in worker processes until one call returns true or
/// crashes. Calls `progress` with the number of graphs so far every 10 seconds.
[[nodiscard]] Found search(const Search& what, const std::function<bool(std::uint64_t)>& fails,
                           const std::function<void(std::uint64_t)>& progress);

/// Returns what `work` returns in a child process, or a text with the signal if the child crashes.
[[nodiscard]] std::string in_child(const std::function<std::string()>& work);

}  // namespace sinter::fuzz
