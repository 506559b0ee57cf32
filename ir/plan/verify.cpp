// The verifier of plans: checks from the plan alone all that plan.h promises.
//
// It shares no code with the planner except the in-place rule (in_place.h). One walk over the
// kernels finds what each reads and writes. Fingerprints of regions (region.h) tell whether the
// parts written to a buffer tile it, without a loop over elements.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <queue>
#include <ranges>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/in_place.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>

#include "plan/names.h"
#include "plan/region.h"

namespace sinter {
namespace detail {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t bytes_of(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

/// The kernels that use a buffer, by index.
struct Use {
  std::int64_t first_write = kNever;
  std::int64_t last_write = -1;
  std::int64_t last_read = -1;
  std::uint32_t writes = 0;  ///< number of operands that write elements of it
  [[nodiscard]] std::int64_t last() const { return std::max(last_write, last_read); }
};

/// A temporary in memory: its bytes and its live range.
struct PlacedTemporary {
  BufferId buffer;
  std::optional<BufferId> host;  ///< the buffer in whose memory it lies; none: the workspace
  std::int64_t begin = 0;        ///< in bytes
  std::int64_t end = 0;          ///< in bytes
  std::int64_t first = 0;        ///< first kernel
  std::int64_t last = 0;         ///< last kernel
};

class PlanVerifier {
 public:
  explicit PlanVerifier(const Plan& plan) : plan_(plan), uses_(plan.buffers.size()) {}

  void run() {
    check_references();
    check_buffers();
    find_uses();
    for (k_ = 0; k_ < plan_.kernels.size(); ++k_) {
      const PlanKernel& kernel = plan_.kernels[k_];
      for (std::size_t i = 0; i < kernel.inputs.size(); ++i) check_read(kernel, i);
      for (std::size_t i = 0; i < kernel.outputs.size(); ++i) check_write(kernel, i);
      check_shapes(kernel.body);
      check_in_place(kernel);
    }
    check_written_once();
    check_memory();
  }

 private:
  // --- Failures ----------------------------------------------------------------------------------

  [[noreturn]] void wrong(const std::string& reason) const {
    fail(ErrorCode::internal,
         fmt::format("sinter made a plan that cannot run, which is a bug in sinter: {}\n\n{}",
                     reason, print(plan_)));
  }
  /// Fails without the plan's text, since printing it would use the broken reference.
  static void check_reference(bool holds, std::string_view what) {
    if (holds) return;
    fail(ErrorCode::internal,
         fmt::format("sinter made a plan that cannot run, which is a bug in sinter: {}", what));
  }
  [[nodiscard]] std::string name(BufferId id) const { return name_of(plan_, id); }
  [[nodiscard]] const PlanBuffer& buffer(BufferId id) const { return plan_.buffers[id.index]; }
  [[nodiscard]] static std::string type(DType dtype, const Shape& shape) {
    return fmt::format("{}{}", to_string(dtype), to_string(shape));
  }

  // --- References and buffers --------------------------------------------------------------------

  void check_references() const {
    const std::size_t buffers = plan_.buffers.size();
    const auto& graph = plan_.graph;
    check_reference(buffers >= graph.inputs().size() + graph.outputs().size(),
                    "the graph has more inputs and outputs than the plan has buffers");
    const auto exists = [&](BufferId id) {
      check_reference(id.index < buffers, "a kernel names a buffer that is not in the plan");
    };
    for (const PlanBuffer& buffer : plan_.buffers) {
      if (buffer.within.has_value()) exists(*buffer.within);
      check_reference(buffer.node.index < graph.nodes().size(), "a buffer holds no node");
    }
    for (const PlanKernel& kernel : plan_.kernels) {
      const Graph& body = kernel.body;
      check_reference(kernel.inputs.size() == body.inputs().size() &&
                          kernel.outputs.size() == body.outputs().size() &&
                          kernel.parameters.size() == body.parameters().size(),
                      "a kernel has other operands than its body");
      check_reference(!kernel.outputs.empty(), "a kernel writes nothing");
      for (const PlanOperand& operand : kernel.inputs) exists(operand.buffer);
      for (const PlanOperand& operand : kernel.outputs) exists(operand.buffer);
      for (std::uint32_t parameter : kernel.parameters) {
        check_reference(parameter < graph.parameters().size(),
                        "a kernel names a parameter that is not in the graph");
      }
    }
  }

  void check_buffers() const {
    const std::size_t inputs = plan_.graph.inputs().size();
    const std::size_t outputs = plan_.graph.outputs().size();
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (i < inputs)
        check_declared(buffer, PlanBuffer::Kind::input, i, plan_.graph.inputs()[i]);
      else if (i < inputs + outputs)
        check_declared(buffer, PlanBuffer::Kind::output, i - inputs,
                       plan_.graph.outputs()[i - inputs]);
      else
        check_reference(buffer.kind == PlanBuffer::Kind::temporary && buffer.strides.empty(),
                        "a buffer after those of the graph is no dense temporary");
    }
  }

  void check_declared(const PlanBuffer& buffer, PlanBuffer::Kind kind, std::size_t position,
                      const auto& declared) const {
    const Graph& graph = plan_.graph;
    check_reference(buffer.kind == kind && buffer.position == position &&
                        buffer.dtype == graph.node(declared.node).dtype &&
                        buffer.shape == graph.shape(declared.node) &&
                        buffer.strides == declared.strides && !buffer.within.has_value(),
                    fmt::format("a buffer is not '{}' as the graph declares it", declared.name));
  }

  void find_uses() {
    for (std::size_t k = 0; k < plan_.kernels.size(); ++k) {
      const auto now = static_cast<std::int64_t>(k);
      for (const PlanOperand& operand : plan_.kernels[k].inputs) {
        uses_[operand.buffer.index].last_read = now;
      }
      for (const PlanOperand& operand : plan_.kernels[k].outputs) {
        Use& use = uses_[operand.buffer.index];
        use.first_write = std::min(use.first_write, now);
        use.last_write = now;
        ++use.writes;
      }
    }
  }

  // --- Reads and writes --------------------------------------------------------------------------

  /// The region of all elements of a buffer.
  [[nodiscard]] Region region(BufferId id) const {
    return region_of(buffer(id).shape, buffer(id).strides, 0);
  }

  /// The region that an operand reaches. Fails unless it is inside its buffer and has its dtype.
  [[nodiscard]] Region checked_region(const PlanOperand& operand, NodeId node,
                                      const Strides& strides, std::string_view does) const {
    const Graph& body = plan_.kernels[k_].body;
    const DType dtype = body.node(node).dtype;
    const Shape& shape = body.shape(node);
    if (dtype != buffer(operand.buffer).dtype) {
      wrong(fmt::format("kernel {} {} {} as {}", k_, does, name(operand.buffer), to_string(dtype)));
    }
    const Region reached = region_of(shape, strides, operand.offset);
    const Region whole = region(operand.buffer);
    if (!reached.empty() &&
        (whole.empty() || reached.lowest < whole.lowest || reached.end() > whole.end())) {
      wrong(fmt::format("kernel {} {} {} of {} from element {}, beyond its ends", k_, does,
                        type(dtype, shape), name(operand.buffer), operand.offset));
    }
    return reached;
  }

  void check_read(const PlanKernel& kernel, std::size_t i) const {
    const PlanOperand& operand = kernel.inputs[i];
    const GraphInput& as = kernel.body.inputs()[i];
    const Region read = checked_region(operand, as.node, as.strides, "reads");
    if (buffer(operand.buffer).kind == PlanBuffer::Kind::input || read.empty()) return;
    const auto now = static_cast<std::int64_t>(k_);
    const Region whole = region(operand.buffer);
    const Use& use = uses_[operand.buffer.index];
    const bool complete = use.last_write >= 0 && use.last_write < now;
    if (complete && (whole.dense() || read == whole)) return;
    if (stored_.contains({operand.buffer, read})) return;
    const std::int64_t writer = use.last_write;
    if (writer == -1)
      wrong(fmt::format("kernel {} reads {}, which no kernel writes", k_, name(operand.buffer)));
    if (writer >= now) {
      wrong(fmt::format("kernel {} reads {}, which kernel {} writes", k_, name(operand.buffer),
                        writer));
    }
    wrong(fmt::format("kernel {} reads elements of {} that no kernel writes", k_,
                      name(operand.buffer)));
  }

  /// Checks a write. Records the region unless it is the only write and covers the buffer.
  void check_write(const PlanKernel& kernel, std::size_t i) {
    const PlanOperand& operand = kernel.outputs[i];
    const GraphOutput& as = kernel.body.outputs()[i];
    const Region written = checked_region(operand, as.node, as.strides, "writes");
    if (buffer(operand.buffer).kind == PlanBuffer::Kind::input)
      wrong(fmt::format("kernel {} writes {}", k_, name(operand.buffer)));
    if (written.empty()) {
      --uses_[operand.buffer.index].writes;
      return;
    }
    const Region whole = region(operand.buffer);
    if (uses_[operand.buffer.index].writes == 1 && written == whole) return;
    const auto [sum, made] = sums_.try_emplace(operand.buffer, RegionSum(whole.lowest));
    sum->second.add(written);
    stored_.insert({operand.buffer, written});
  }

  void check_written_once() const {
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      if (plan_.buffers[i].kind == PlanBuffer::Kind::input) continue;
      const Region whole = region({i});
      if (whole.empty()) continue;
      if (uses_[i].writes == 0) wrong(fmt::format("no kernel writes {}", name({i})));
      const auto sum = sums_.find({i});
      if (sum == sums_.end()) continue;  // one kernel writes all of it
      RegionSum once(whole.lowest);
      once.add(whole);
      if (sum->second != once)
        wrong(fmt::format("the elements of {} are not written once each", name({i})));
    }
  }

  // --- Bodies ------------------------------------------------------------------------------------

  void check_shapes(const Graph& body) const {
    std::vector<ShapeId> reduced;
    const auto add = [&](ShapeId shape) {
      if (std::ranges::find(reduced, shape) == reduced.end()) reduced.push_back(shape);
    };
    for (const Node& node : body.nodes()) {
      if (info(node.op).kind != OpKind::reduction) continue;
      add(node.shape);
      add(body.node(node.operands[0]).shape);
    }
    const ShapeId first = body.node(body.outputs()[0].node).shape;
    for (const GraphOutput& output : body.outputs()) {
      const ShapeId shape = body.node(output.node).shape;
      const bool fits =
          reduced.empty() ? shape == first : std::ranges::find(reduced, shape) != reduced.end();
      if (!fits) {
        wrong(fmt::format("kernel {} writes {}, but its outputs or reductions have other shapes",
                          k_, to_string(body.shape(output.node))));
      }
    }
  }

  /// Fails if an input from which a product is computed may be overwritten: a product reads each
  /// element of its operands several times.
  void check_in_place(const PlanKernel& kernel) const {
    const Graph& body = kernel.body;
    std::vector<bool> reread(body.nodes().size());  // by node: a product reads it repeatedly
    for (std::size_t i = body.nodes().size(); i-- > 0;) {
      const Node& node = body.nodes()[i];
      if (!reread[i] && info(node.op).kind != OpKind::product) continue;
      for (NodeId operand : node.inputs()) reread[operand.index] = true;
    }
    for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
      if (!kernel.inputs[i].in_place || !reread[body.inputs()[i].node.index]) continue;
      wrong(fmt::format("kernel {} reads {} for a product, but allows it to be overwritten", k_,
                        name(kernel.inputs[i].buffer)));
    }
  }

  // --- Memory ------------------------------------------------------------------------------------

  void check_memory() {
    std::vector<PlacedTemporary> temporaries;
    for (std::uint32_t i = 0; i < plan_.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (buffer.kind != PlanBuffer::Kind::temporary || buffer.shape.elements() == 0) continue;
      temporaries.push_back({{i},
                             buffer.within,
                             buffer.offset,
                             buffer.offset + bytes_of(buffer),
                             uses_[i].first_write,
                             uses_[i].last()});
      check_temporary(temporaries.back());
    }
    std::ranges::sort(temporaries, {},
                      [](const PlacedTemporary& of) { return std::pair(of.host, of.first); });
    for (auto rest = std::span<const PlacedTemporary>(temporaries); !rest.empty();) {
      const auto other = std::ranges::find_if(
          rest, [&](const PlacedTemporary& of) { return of.host != rest.front().host; });
      const auto count = static_cast<std::size_t>(other - rest.begin());
      check_apart(rest.first(count));
      rest = rest.subspan(count);
    }
  }

  void check_temporary(const PlacedTemporary& of) {
    const std::int64_t room = of.host ? bytes_of(buffer(*of.host)) : plan_.workspace_bytes;
    if (of.begin < 0 || of.begin % 64 != 0 || of.end > room) {
      wrong(
          fmt::format("{} lies from byte {} to {} of {}", name(of.buffer), of.begin, of.end, room));
    }
    if (!of.host.has_value()) return;
    const PlanBuffer& host = buffer(*of.host);
    const auto refuse = [&](std::string_view why) {
      wrong(fmt::format("{} lies in {}, which {}", name(of.buffer), name(*of.host), why));
    };
    if (info(host.dtype).bytes < info(buffer(of.buffer).dtype).bytes)
      refuse("need not be aligned to its elements");
    if (!host.strides.empty()) refuse("has strides");
    if (host.kind == PlanBuffer::Kind::input) {
      if (!plan_.graph.inputs()[host.position].donated) refuse("is not donated");
      const bool read = uses_[of.host->index].last_read >= of.first;
      if (read && !begins_in_place(of)) refuse("is still read");
    } else if (host.kind == PlanBuffer::Kind::output) {
      if (uses_[of.host->index].first_write <= of.last) refuse("is written before it is free");
      if (last_read_of_alike(host) >= of.first) refuse("may be an input that is still read");
    } else {
      refuse("is a temporary itself");
    }
  }

  /// True if a temporary occupies exactly the memory of an input, and the last kernel that reads
  /// the input may write the temporary in place.
  [[nodiscard]] bool begins_in_place(const PlacedTemporary& of) {
    const PlanBuffer& read = buffer(*of.host);
    const PlanBuffer& written = buffer(of.buffer);
    const bool alike = of.begin == 0 && read.shape == written.shape &&
                       info(read.dtype).bytes == info(written.dtype).bytes;
    if (!alike) return false;
    if (!in_place_.has_value()) in_place_.emplace(plan_, plan_.buffers.size());
    return in_place_->reads_before_writing(*of.host, of.buffer);
  }

  /// Last kernel that reads an input of the output's shape and element size, or -1: the caller may
  /// pass one buffer as both.
  [[nodiscard]] std::int64_t last_read_of_alike(const PlanBuffer& output) {
    const auto key = [](const PlanBuffer& of) {
      return std::pair(info(of.dtype).bytes, std::vector(of.shape.begin(), of.shape.end()));
    };
    if (!alike_.has_value()) {
      alike_.emplace();
      for (std::size_t i = 0; i < plan_.graph.inputs().size(); ++i) {
        std::int64_t& last = alike_->try_emplace(key(plan_.buffers[i]), -1).first->second;
        last = std::max(last, uses_[i].last_read);
      }
    }
    const auto found = alike_->find(key(output));
    return found == alike_->end() ? -1 : found->second;
  }

  /// Fails if two temporaries of one memory overlap while both are alive. They are sorted by
  /// `first`.
  void check_apart(std::span<const PlacedTemporary> temporaries) const {
    std::map<std::int64_t, const PlacedTemporary*> alive;   // by `begin`
    using Leaving = std::pair<std::int64_t, std::int64_t>;  // last kernel, `begin`
    std::priority_queue<Leaving, std::vector<Leaving>, std::greater<>> leaving;
    for (const PlacedTemporary& next : temporaries) {
      for (; !leaving.empty() && leaving.top().first < next.first; leaving.pop()) {
        alive.erase(leaving.top().second);
      }
      const auto after = alive.lower_bound(next.begin);
      const PlacedTemporary* overlapping =
          after != alive.end() && after->first < next.end ? after->second
          : after != alive.begin() && std::prev(after)->second->end > next.begin
              ? std::prev(after)->second
              : nullptr;
      if (overlapping != nullptr) {
        wrong(fmt::format("{} and {} overlap, and kernel {} needs both", name(overlapping->buffer),
                          name(next.buffer), next.first));
      }
      alive.emplace(next.begin, &next);
      leaving.emplace(next.last, next.begin);
    }
  }

  const Plan& plan_;
  std::size_t k_ = 0;                             // the kernel that is being checked
  std::vector<Use> uses_;                         // by buffer
  std::set<std::pair<BufferId, Region>> stored_;  // parts of buffers written so far
  std::map<BufferId, RegionSum> sums_;            // fingerprints of these parts, by buffer
  /// Last kernel that reads an input, by element size and shape.
  std::optional<std::map<std::pair<int, std::vector<std::int64_t>>, std::int64_t>> alike_;
  std::optional<InPlaceRule> in_place_;
};

}  // namespace
}  // namespace detail

void verify(const Plan& plan) try { detail::PlanVerifier(plan).run(); } catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
