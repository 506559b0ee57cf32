// A hash of the loop nests of many random graphs, by target. A change that means to keep the
// decisions of planner and schedulers keeps these hashes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinter::fuzz {

struct NestHash {
  std::string target;      ///< name of the target, and what else the planner was told
  std::int64_t nests = 0;  ///< kernels of all graphs
  std::uint64_t hash = 0;  ///< of the canonical bytes of their nests (key_bytes), in any order
};

/// Plans and schedules the graphs of `graphs` consecutive seeds for every kind of target. Compiles
/// and computes nothing. One graph in two has up to 2^28 elements a value, which reaches every
/// decision that depends on sizes. Takes about a millisecond per graph.
[[nodiscard]] std::vector<NestHash> nest_hashes(std::uint64_t first_seed, std::uint64_t graphs);

}  // namespace sinter::fuzz
