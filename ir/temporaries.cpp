// Memory for temporaries: holes by offset, to join neighbours, and by size, to find the best fit.
#include "temporaries.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sinter::detail {
namespace {

constexpr std::int64_t kAlignment = 64;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 60;

std::int64_t round_up(std::int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::int64_t bytes_of(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

/// Memory handed out by best fit; O(log n) a call.
class Workspace {
 public:
  /// The offset of `bytes` bytes, aligned to kAlignment.
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

std::int64_t Workspace::allocate(std::int64_t bytes) {
  bytes = round_up(bytes);
  if (bytes == 0) return 0;
  const auto fit = by_size_.lower_bound({bytes, 0});
  if (fit == by_size_.end()) {
    if (bytes > kMaxBytes - peak_) {
      fail(ErrorCode::limit_exceeded,
           fmt::format("the values between this graph's kernels need more than {} bytes at once",
                       kMaxBytes));
    }
    peak_ += bytes;
    return peak_ - bytes;
  }
  const auto [size, offset] = *fit;
  drop_hole(holes_.find(offset));
  if (size > bytes) add_hole(offset + bytes, size - bytes);
  return offset;
}

void Workspace::release(std::int64_t offset, std::int64_t bytes) {
  bytes = round_up(bytes);
  if (bytes == 0) return;
  const auto after = holes_.find(offset + bytes);
  if (after != holes_.end()) {
    bytes += after->second;
    drop_hole(after);
  }
  const auto next = holes_.lower_bound(offset);
  if (next != holes_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      drop_hole(before);
    }
  }
  add_hole(offset, bytes);
}

void Workspace::add_hole(std::int64_t offset, std::int64_t bytes) {
  holes_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

void Workspace::drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole) {
  by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

}  // namespace

void place_temporaries(Plan& plan) {
  std::vector<std::size_t> last_reader(plan.buffers.size());
  std::vector<bool> placed(plan.buffers.size());
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    for (const PlanOperand& input : plan.kernels[k].inputs) last_reader[input.buffer.index] = k;
  }
  Workspace workspace;
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    for (const auto& [id, offset, in_place] : plan.kernels[k].outputs) {
      PlanBuffer& buffer = plan.buffers[id.index];
      if (buffer.kind != PlanBuffer::Kind::temporary || placed[id.index]) continue;
      buffer.offset = workspace.allocate(bytes_of(buffer));
      placed[id.index] = true;
    }
    for (const auto& [id, offset, in_place] : plan.kernels[k].inputs) {
      const PlanBuffer& buffer = plan.buffers[id.index];
      // Two views of one buffer give it back once.
      const bool last = placed[id.index] && last_reader[id.index] == k;
      if (buffer.kind != PlanBuffer::Kind::temporary || !last) continue;
      workspace.release(buffer.offset, bytes_of(buffer));
      placed[id.index] = false;
    }
  }
  plan.workspace_bytes = workspace.peak();
}

}  // namespace sinter::detail
