// Memory for temporaries: their own, and that of outputs and donated inputs while nobody needs it;
// each is an arena of holes by offset, to join neighbours, and by size, to find the best fit.
#include "plan/temporaries.h"

#include <algorithm>
#include <map>
#include <optional>
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
class Arena {
 public:
  explicit Arena(std::int64_t capacity = kMaxBytes) : capacity_(capacity) {}
  /// The offset of `bytes` bytes, aligned to kAlignment; none where they do not fit.
  [[nodiscard]] std::optional<std::int64_t> allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);
  /// The end of the memory that was ever in use.
  [[nodiscard]] std::int64_t peak() const { return peak_; }

 private:
  void add_hole(std::int64_t offset, std::int64_t bytes);
  void drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole);

  std::map<std::int64_t, std::int64_t> holes_;               // offset -> bytes
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // bytes, offset
  std::int64_t capacity_;
  std::int64_t peak_ = 0;
};

std::optional<std::int64_t> Arena::allocate(std::int64_t bytes) {
  const std::int64_t exact = bytes;
  bytes = round_up(bytes);
  if (bytes == 0) return 0;
  const auto fit = by_size_.lower_bound({bytes, 0});
  if (fit == by_size_.end()) {
    if (exact > capacity_ - peak_) return std::nullopt;
    peak_ += bytes;
    return peak_ - bytes;
  }
  const auto [size, offset] = *fit;
  if (exact > capacity_ - offset) return std::nullopt;
  drop_hole(holes_.find(offset));
  if (size > bytes) add_hole(offset + bytes, size - bytes);
  return offset;
}

void Arena::release(std::int64_t offset, std::int64_t bytes) {
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

void Arena::add_hole(std::int64_t offset, std::int64_t bytes) {
  holes_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

void Arena::drop_hole(std::map<std::int64_t, std::int64_t>::iterator hole) {
  by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

/// An output before it is written, or a donated input after it was read.
struct Host {
  BufferId buffer;
  std::int64_t from = 0;   // the first kernel that may write to it
  std::int64_t until = 0;  // the first that may not read from it any more
  std::int64_t bytes = 0;
  int alignment = 1;
  Arena arena;
};

class Placement {
 public:
  explicit Placement(Plan& plan)
      : plan_(plan),
        first_writer_(plan.buffers.size(), kNever),
        last_reader_(plan.buffers.size(), -1),
        hosted_by_(plan.buffers.size(), nullptr) {
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
    find_hosts();
  }

  void run() {
    for (std::size_t k = 0; k < plan_.kernels.size(); ++k) {
      const auto now = static_cast<std::int64_t>(k);
      for (const PlanOperand& output : plan_.kernels[k].outputs) {
        if (is_temporary(output.buffer) && first_writer_[output.buffer.index] == now) {
          place(output.buffer);
          first_writer_[output.buffer.index] = kNever;  // once
        }
      }
      for (const PlanOperand& input : plan_.kernels[k].inputs) {
        if (!is_temporary(input.buffer) || last_reader_[input.buffer.index] != now) continue;
        const PlanBuffer& buffer = plan_.buffers[input.buffer.index];
        arena_of(input.buffer).release(buffer.offset, bytes_of(buffer));
        last_reader_[input.buffer.index] = -1;  // two views of one buffer give it back once
      }
    }
    plan_.workspace_bytes = workspace_.peak();
  }

 private:
  static constexpr std::int64_t kNever = INT64_MAX;
  /// Of which temporaries ask each: the largest.
  static constexpr std::size_t kMaxHosts = 8;

  [[nodiscard]] bool is_temporary(BufferId id) const {
    return plan_.buffers[id.index].kind == PlanBuffer::Kind::temporary;
  }

  void find_hosts() {
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (!buffer.strides.empty() || bytes_of(buffer) == 0) continue;
      const std::int64_t bytes = bytes_of(buffer);
      Host host{{i}, 0, kNever, bytes, info(buffer.dtype).bytes, Arena(bytes)};
      if (buffer.kind == PlanBuffer::Kind::output) {
        host.from = last_read_in_place_of(buffer) + 1;
        host.until = first_writer_[i];
      } else if (buffer.kind == PlanBuffer::Kind::input &&
                 plan_.graph.inputs()[buffer.position].donated) {
        host.from = last_reader_[i] + 1;
      } else {
        continue;
      }
      if (host.from < host.until) hosts_.push_back(std::move(host));
    }
    std::ranges::sort(hosts_, {},
                      [](const Host& host) { return std::pair(-host.bytes, host.buffer); });
    if (hosts_.size() > kMaxHosts) hosts_.resize(kMaxHosts);
  }

  /// Whoever runs the plan may give an output the buffer of an input that looks the same.
  [[nodiscard]] std::int64_t last_read_in_place_of(const PlanBuffer& output) {
    if (!last_reads_.has_value()) {
      last_reads_.emplace();
      for (std::uint32_t i = 0; i < plan_.graph.inputs().size(); ++i) {
        std::int64_t& last = (*last_reads_)[look_of(plan_.buffers[i])];
        last = std::max(last, last_reader_[i]);
      }
    }
    const auto found = last_reads_->find(look_of(output));
    return found == last_reads_->end() ? -1 : found->second;
  }
  using Look = std::pair<int, std::vector<std::int64_t>>;  // bytes of an element, and lengths
  [[nodiscard]] static Look look_of(const PlanBuffer& buffer) {
    return {info(buffer.dtype).bytes, {buffer.shape.begin(), buffer.shape.end()}};
  }

  void place(BufferId id) {
    PlanBuffer& buffer = plan_.buffers[id.index];
    const std::int64_t bytes = bytes_of(buffer);
    const std::int64_t begin = first_writer_[id.index];
    const std::int64_t end = std::max(begin, last_reader_[id.index]);
    for (Host& host : hosts_) {
      const bool free = host.from <= begin && end < host.until;
      if (!free || host.alignment < info(buffer.dtype).bytes) continue;
      const auto offset = host.arena.allocate(bytes);
      if (!offset.has_value()) continue;
      buffer.within = host.buffer;
      buffer.offset = *offset;
      hosted_by_[id.index] = &host;
      return;
    }
    const auto offset = workspace_.allocate(bytes);
    if (!offset.has_value()) {
      fail(ErrorCode::limit_exceeded,
           fmt::format("the values between this graph's kernels need more than {} bytes at once",
                       kMaxBytes));
    }
    buffer.offset = *offset;
  }

  [[nodiscard]] Arena& arena_of(BufferId id) {
    return hosted_by_[id.index] != nullptr ? hosted_by_[id.index]->arena : workspace_;
  }

  Plan& plan_;
  std::vector<std::int64_t> first_writer_;  // by buffer: kernel
  std::vector<std::int64_t> last_reader_;
  std::vector<Host*> hosted_by_;
  std::vector<Host> hosts_;
  std::optional<std::map<Look, std::int64_t>> last_reads_;  // of inputs that look alike
  Arena workspace_;
};

}  // namespace

void place_temporaries(Plan& plan) { Placement(plan).run(); }

}  // namespace sinter::detail
