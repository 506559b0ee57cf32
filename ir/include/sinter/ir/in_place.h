// The in-place rule: when a buffer that a kernel writes may take the memory of one that is read.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/ir/export.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Tells whether a buffer of a plan may take the memory of another one, at the same address.
///
/// It may if the last kernel that reads the old buffer runs before the kernel that writes the new
/// one. It also may if both are the same kernel, and this kernel reads each element of the old
/// buffer once, at the position at which it writes the new one.
class InPlaceRule {
 public:
  /// Analyses the first `buffers` buffers of `plan`. Takes time linear in the operands of its
  /// kernels.
  SINTER_API InPlaceRule(const Plan& plan, std::size_t buffers);

  /// True if the plan reads each element of `read` for the last time before it writes the element
  /// of `written` at the same position. Both buffers must have the same shape, the same element
  /// size, and the strides of their declarations.
  [[nodiscard]] SINTER_API bool reads_before_writing(BufferId read, BufferId written) const;

  /// Index of the last kernel that reads `buffer`; -1 for none.
  [[nodiscard]] std::int64_t last_reader(BufferId buffer) const {
    return readers_[buffer.index].kernel;
  }
  /// Index of the kernel that writes all of `buffer`; -1 if several kernels write parts of it.
  [[nodiscard]] std::int64_t writer(BufferId buffer) const { return writers_[buffer.index].kernel; }

 private:
  struct Reader {
    std::int64_t kernel = -1;
    bool in_place = true;  ///< it reads each element once, with the declared strides
    Shape walk;            ///< shape of the buffer in that kernel, without leading 1s
  };
  struct Writer {
    std::int64_t kernel = -1;
    Shape walk;  ///< as of a Reader
  };
  std::vector<Reader> readers_;  ///< by buffer: the last kernel that reads it
  std::vector<Writer> writers_;  ///< by buffer: the kernel that writes all of it
};

}  // namespace sinter::detail
