// Work in processes of its own, so that a crash ends a child and leaves its seed known.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sinter::fuzz {

struct Search {
  std::uint64_t first_seed = 1;
  std::uint64_t graphs = 0;  ///< how many seeds to look at
  double seconds = 0;        ///< stop after this time; 0: none
  int workers = 1;
};

struct Found {
  std::uint64_t checked = 0;          ///< graphs that were looked at
  std::optional<std::uint64_t> seed;  ///< one that failed or crashed, if any did
};

/// Calls `fails(seed)` for consecutive seeds in worker processes until one of them is true or
/// crashes. `progress` is called with the number of graphs every few seconds.
[[nodiscard]] Found search(const Search& what, const std::function<bool(std::uint64_t)>& fails,
                           const std::function<void(std::uint64_t)>& progress);

/// What `work` returns in a child process, or how that crashed.
[[nodiscard]] std::string in_child(const std::function<std::string()>& work);

}  // namespace sinter::fuzz
