// Places temporaries in one workspace, so that those that are never needed together share memory.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <sinter/ir/plan.h>

namespace sinter::detail {

inline constexpr std::int64_t kWorkspaceAlignment = 64;

/// Memory handed out by best fit; O(log n) a call.
class Workspace {
 public:
  /// The offset of `bytes` bytes, aligned to kWorkspaceAlignment. Throws Error(limit_exceeded).
  [[nodiscard]] std::int64_t allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);
  /// The end of the memory that was ever in use.
  [[nodiscard]] std::int64_t peak() const { return peak_; }

 private:
  void add_hole(std::int64_t offset, std::int64_t bytes);
  void drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole);

  std::map<std::int64_t, std::int64_t> holes_;               // offset -> bytes
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // bytes, offset
  std::int64_t peak_ = 0;
};

/// Sets the offset of every temporary of `plan`, and its workspace_bytes. A temporary lives from
/// the kernel that writes it to the last one that reads it.
void place_temporaries(Plan& plan);

}  // namespace sinter::detail
