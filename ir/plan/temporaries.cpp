// Temporaries are placed first in the memory of hosts, a few outputs and donated inputs that are
// free for some kernels, then in the workspace. Hosts take temporaries by size, largest first, so
// that small ones do not block a large one. The workspace takes the others in kernel order, by best
// fit.
#include "plan/temporaries.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/in_place.h>

#include "plan/free_space.h"

namespace sinter::detail {
namespace {

/// Most bytes of a workspace: sums of offsets and sizes up to here cannot overflow 64 bits.
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 60;

std::int64_t bytes_of(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

/// A best-fit allocator of offsets. Time: O(log n) a call.
class Arena {
 public:
  /// Returns the offset of `bytes` free bytes, aligned; nullopt if the peak would exceed kMaxBytes.
  [[nodiscard]] std::optional<std::int64_t> allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);
  /// Bytes from 0 to the end of all memory that was ever in use.
  [[nodiscard]] std::int64_t peak() const { return peak_; }

 private:
  void add_hole(std::int64_t offset, std::int64_t bytes);
  void drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole);

  std::map<std::int64_t, std::int64_t> holes_;               // offset -> bytes
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // bytes, offset
  std::int64_t peak_ = 0;
};

std::optional<std::int64_t> Arena::allocate(std::int64_t bytes) {
  bytes = round_up_to_alignment(bytes);
  if (bytes == 0) return 0;
  const auto fit = by_size_.lower_bound({bytes, 0});
  if (fit == by_size_.end()) {
    if (bytes > kMaxBytes - peak_) return std::nullopt;
    peak_ += bytes;
    return peak_ - bytes;
  }
  const auto [size, offset] = *fit;
  drop_hole(holes_.find(offset));
  if (size > bytes) add_hole(offset + bytes, size - bytes);
  return offset;
}

void Arena::release(std::int64_t offset, std::int64_t bytes) {
  bytes = round_up_to_alignment(bytes);
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

void Arena::add_hole(std::int64_t offset, std::int64_t bytes) {
  holes_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

void Arena::drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole) {
  by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

/// A buffer whose memory may hold temporaries: an output before it is written, or a donated input
/// after its last read.
struct Host {
  BufferId buffer;
  std::int64_t from = 0;  ///< first kernel that may overwrite it; kernel from - 1 may only in place
  std::int64_t bytes = 0;
  int alignment = 1;  ///< in bytes
  FreeSpace space;
};

class Placement {
 public:
  explicit Placement(Plan& plan)
      : plan_(plan),
        first_writer_(plan.buffers.size(), kNever),
        last_reader_(plan.buffers.size(), -1) {
    for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
      const auto now = static_cast<std::int64_t>(k);
      for (const PlanOperand& input : plan.kernels[k].inputs) {
        last_reader_[input.buffer.index] = now;
      }
      for (const PlanOperand& output : plan.kernels[k].outputs) {
        std::int64_t& first = first_writer_[output.buffer.index];
        first = std::min(first, now);
      }
    }
  }

  void run() {
    find_hosts();
    if (!hosts_.empty()) place_in_hosts();
    place_in_workspace();
  }

 private:
  static constexpr std::int64_t kNever = INT64_MAX;
  /// Largest number of hosts, which are the largest buffers that qualify. The limit bounds the
  /// time, since each temporary tries each host.
  static constexpr std::size_t kMaxHosts = 8;

  void find_hosts() {
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      const std::int64_t bytes = bytes_of(buffer);
      if (!buffer.strides.empty() || bytes == 0) continue;
      if (buffer.kind == PlanBuffer::Kind::output) {
        const std::int64_t from = last_read_in_place_of(buffer) + 1;
        hosts_.push_back(
            {{i}, from, bytes, info(buffer.dtype).bytes, {from, first_writer_[i], bytes}});
      } else if (is_donated(buffer)) {
        const std::int64_t last = last_reader_[i];  // may write a temporary here, in place
        hosts_.push_back({{i}, last + 1, bytes, info(buffer.dtype).bytes, {last, kNever, bytes}});
      }
    }
    const auto larger = [](const Host& a, const Host& b) {
      return std::pair(-a.bytes, a.buffer) < std::pair(-b.bytes, b.buffer);
    };
    std::ranges::sort(hosts_, larger);
    if (hosts_.size() > kMaxHosts) hosts_.erase(hosts_.begin() + kMaxHosts, hosts_.end());
    std::ranges::reverse(hosts_);
  }

  [[nodiscard]] bool is_donated(const PlanBuffer& buffer) const {
    return buffer.kind == PlanBuffer::Kind::input && plan_.graph.inputs()[buffer.position].donated;
  }

  /// The last kernel that reads an input whose memory may be that of `output`, or -1. The caller of
  /// a program may pass one buffer as an output and as an input of equal shape and element size.
  [[nodiscard]] std::int64_t last_read_in_place_of(const PlanBuffer& output) {
    if (!last_reads_.has_value()) {
      last_reads_.emplace();
      for (std::uint32_t i = 0; i < plan_.graph.inputs().size(); ++i) {
        std::int64_t& last = (*last_reads_)[form_of(plan_.buffers[i])];
        last = std::max(last, last_reader_[i]);
      }
    }
    const auto found = last_reads_->find(form_of(output));
    return found == last_reads_->end() ? -1 : found->second;
  }
  using Form = std::pair<int, std::vector<std::int64_t>>;  // bytes of an element, and the shape
  [[nodiscard]] static Form form_of(const PlanBuffer& buffer) {
    return {info(buffer.dtype).bytes, {buffer.shape.begin(), buffer.shape.end()}};
  }

  void place_in_hosts() {
    std::vector<BufferId> order;
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      const bool temporary = buffer.kind == PlanBuffer::Kind::temporary;
      if (temporary && bytes_of(buffer) > 0) order.push_back({i});
    }
    const auto key = [&](BufferId id) {
      return std::tuple(-bytes_of(plan_.buffers[id.index]), first_writer_[id.index], id);
    };
    std::ranges::sort(order, {}, key);
    for (const BufferId id : order) place_in_smallest_host(id);
  }

  void place_in_smallest_host(BufferId id) {
    PlanBuffer& buffer = plan_.buffers[id.index];
    const std::int64_t bytes = bytes_of(buffer);
    for (Host& host : hosts_) {
      if (bytes > host.bytes || info(buffer.dtype).bytes > host.alignment) continue;
      if (first_writer_[id.index] < host.from && !may_begin_in_place(host, id)) continue;
      const auto offset = host.space.take(first_writer_[id.index], last_use(id), bytes);
      if (!offset.has_value()) continue;
      buffer.within = host.buffer;
      buffer.offset = *offset;
      return;
    }
  }

  /// True if the last kernel that reads a donated input may write the temporary over it.
  [[nodiscard]] bool may_begin_in_place(const Host& host, BufferId temporary) {
    const PlanBuffer& read = plan_.buffers[host.buffer.index];
    const PlanBuffer& written = plan_.buffers[temporary.index];
    if (read.kind != PlanBuffer::Kind::input || form_of(read) != form_of(written)) return false;
    if (!in_place_.has_value()) in_place_.emplace(plan_, plan_.buffers.size());
    return in_place_->reads_before_writing(host.buffer, temporary);
  }

  void place_in_workspace() {
    for (std::size_t k = 0; k < plan_.kernels.size(); ++k) {
      const auto now = static_cast<std::int64_t>(k);
      for (const PlanOperand& output : plan_.kernels[k].outputs) {
        std::int64_t& first = first_writer_[output.buffer.index];
        if (!lies_in_workspace(output.buffer) || first != now) continue;
        allocate(plan_.buffers[output.buffer.index]);
        first = kNever;  // the kernel may write several parts of the buffer: allocate once
      }
      for (const PlanOperand& input : plan_.kernels[k].inputs) {
        std::int64_t& last = last_reader_[input.buffer.index];
        if (!lies_in_workspace(input.buffer) || last != now) continue;
        const PlanBuffer& buffer = plan_.buffers[input.buffer.index];
        workspace_.release(buffer.offset, bytes_of(buffer));
        last = -1;  // the kernel may read several views of the buffer: release once
      }
    }
    plan_.workspace_bytes = workspace_.peak();
  }
  [[nodiscard]] bool lies_in_workspace(BufferId id) const {
    const PlanBuffer& buffer = plan_.buffers[id.index];
    return buffer.kind == PlanBuffer::Kind::temporary && !buffer.within.has_value();
  }
  void allocate(PlanBuffer& buffer) {
    const auto offset = workspace_.allocate(bytes_of(buffer));
    if (!offset.has_value()) {
      fail(ErrorCode::limit_exceeded,
           fmt::format("the values between this graph's kernels need more than {} bytes at once",
                       kMaxBytes));
    }
    buffer.offset = *offset;
  }

  [[nodiscard]] std::int64_t last_use(BufferId id) const {
    return std::max(first_writer_[id.index], last_reader_[id.index]);
  }

  Plan& plan_;
  std::vector<std::int64_t> first_writer_;                  // by buffer: index of the kernel
  std::vector<std::int64_t> last_reader_;                   // by buffer: index of the kernel
  std::vector<Host> hosts_;                                 // smallest first
  std::optional<std::map<Form, std::int64_t>> last_reads_;  // by form: last kernel to read an input
  std::optional<InPlaceRule> in_place_;
  Arena workspace_;
};

}  // namespace

void place_temporaries(Plan& plan) { Placement(plan).run(); }

}  // namespace sinter::detail
