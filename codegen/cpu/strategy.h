// CpuStrategy: the widths and shapes that the CPU scheduler chooses for one kernel, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "schedule/placement.h"

namespace sinter::detail {

struct CpuStrategy {
  int vector_bytes = 16;  ///< in a register
  int lanes = 1;          ///< elements in one vector
  int unroll = 1;         ///< vectors in flight where the range is long enough
  /// Of those, pairs hold even and odd elements apart.
  bool interleave = false;
  /// Peel and tail are masked vectors; otherwise they go one element at a time.
  bool masks = false;
  /// Single whole vectors come before the tail, which is then shorter than a vector.
  bool middle = false;
  /// Go to an aligned store first.
  bool peel = false;
  std::vector<std::uint16_t> prefetch;  ///< [input] asked for so many bytes ahead; 0: not at all
  std::vector<bool> streamed;           ///< [output] written around the caches where aligned
  /// The output whose alignment the peel reaches: the one with the widest vectors.
  std::size_t anchor = 0;

  [[nodiscard]] std::ptrdiff_t streams() const;
};

[[nodiscard]] CpuStrategy choose_strategy(const Graph& body, const LoopSpace& space,
                                          const Placement& placement, const Target& target,
                                          const ScheduleOptions& options);

}  // namespace sinter::detail
