// The in-place rule: when a kernel may write a buffer over the one that it reads.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/ir/export.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Tells for each pair of a plan's buffers whether the second may take the memory of the first.
///
/// The written buffer may begin where the read one does if the last kernel that reads the one
/// precedes the kernel that writes the other, or if both are the same kernel and it reads each
/// element once, at the position at which it writes.
class InPlaceRule {
 public:
  /// Of the first `buffers` buffers of `plan`. Time: linear in the operands of its kernels.
  SINTER_API InPlaceRule(const Plan& plan, std::size_t buffers);

  /// True if the plan reads every element of `read` for the last time before it writes the element
  /// of `written` at the same position. Both have one shape, one element size, and the strides of
  /// their declarations.
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
    bool in_place = true;  ///< it reads each element once, where it lies
    Shape walk;            ///< its shape among the axes of that kernel
  };
  struct Writer {
    std::int64_t kernel = -1;
    Shape walk;
  };
  std::vector<Reader> readers_;  ///< by buffer: the last kernel that reads it
  std::vector<Writer> writers_;  ///< by buffer
};

}  // namespace sinter::detail
