// CpuStrategy: the widths and shapes that the CPU scheduler chooses for one kernel, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// Widths and shapes of the loops with lanes of a kernel.
struct CpuStrategy {
  int vector_bytes = 16;  ///< bytes of a vector register
  int lanes = 1;          ///< elements in one vector
  int unroll = 1;         ///< vectors in flight in the main loop
  /// True if pairs of these vectors hold even and odd elements (Loop::interleaved).
  bool interleave = false;
  /// True if peel and tail are masked vectors; else they are loops over single elements.
  bool masks = false;
  /// True if a loop over single whole vectors precedes the tail. The tail is then shorter than one
  /// vector.
  bool middle = false;
  /// True if a peel precedes the first aligned store.
  bool peel = false;
  std::vector<std::uint16_t> prefetch;  ///< [input] prefetch distance in bytes; 0 for none
  std::vector<bool> streamed;           ///< [output] true for non-temporal stores where aligned
  bool streamed_in_place = false;       ///< true for these even if an output aliases an input
  int kept_operations = 0;      ///< fewest ops of a value that is kept for the next pass over a row
  std::int64_t kept_bytes = 0;  ///< most bytes of a row of such values
  /// Output whose alignment the peel establishes: the contiguous one with the widest elements.
  std::size_t anchor = 0;

  /// Number of outputs with non-temporal stores.
  [[nodiscard]] std::ptrdiff_t streams() const;
};

/// Returns the strategy for a kernel. For a product it is that of the epilogue.
[[nodiscard]] CpuStrategy choose_strategy(const Graph& body, const LoopSpace& space,
                                          const Placement& placement, const Target& target,
                                          const ScheduleOptions& options);

}  // namespace sinter::detail
