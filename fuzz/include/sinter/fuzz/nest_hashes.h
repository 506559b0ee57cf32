// A hash of the loop nests of many random graphs, by target. A change that must not alter plans or
// schedules must leave these hashes unchanged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sinter::fuzz {

struct NestHash {
  std::string target;      ///< with ", chunks" if reductions of any size are split into chunks
  std::int64_t nests = 0;  ///< kernels of all graphs
  /// Sum of the hashes of their bytes (key_bytes), with the indices numbered in order of use.
  std::uint64_t hash = 0;
};

/// Plans and schedules the graphs of `graphs` consecutive seeds for three CPU targets and two GPUs.
/// Skips seeds whose graph a limit refuses. Compiles and computes nothing. Every second graph has
/// values of up to 2^28 elements, so that decisions on sizes count too. Takes about 2 ms per graph.
[[nodiscard]] std::vector<NestHash> nest_hashes(std::uint64_t first_seed, std::uint64_t graphs);

}  // namespace sinter::fuzz
