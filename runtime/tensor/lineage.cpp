// `add` walks the nodes of a run once, with a bit for each tensor that a node is computed from.
// `forget_what_is_gone` goes through the runs in ascending order, and flattens the matrix of each
// run that has a source that no longer exists.
#include "tensor/lineage.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <sinter/ir/gradients.h>

namespace sinter::detail {
namespace {

constexpr std::size_t kWordBits = 64;

std::size_t words_for(std::size_t bits) { return (bits + kWordBits - 1) / kWordBits; }

void set_bit(std::span<std::uint64_t> mask, std::size_t bit) {
  mask[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
}

void join(std::span<std::uint64_t> mask, std::span<const std::uint64_t> other) {
  for (std::size_t word = 0; word < mask.size(); ++word) mask[word] |= other[word];
}

bool is_empty(std::span<const std::uint64_t> mask) {
  return std::ranges::all_of(mask, [](std::uint64_t word) { return word == 0; });
}

/// Calls `visit` for each bit set in both masks.
template <typename Visit>
void for_each_bit(std::span<const std::uint64_t> mask, std::span<const std::uint64_t> other,
                  Visit&& visit) {
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (std::uint64_t bits = mask[word] & other[word]; bits != 0; bits &= bits - 1) {
      visit(word * kWordBits + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
}

}  // namespace

// --- Runs ----------------------------------------------------------------------------------------

std::size_t Lineage::Run::words() const { return words_for(sources.size()); }

std::span<const std::uint64_t> Lineage::Run::row(std::size_t result) const {
  return std::span(masks).subspan(result * words(), words());
}

std::size_t Lineage::Run::bytes() const {
  return sizeof(Run) + sources.size() * sizeof(Source) + masks.size() * sizeof(std::uint64_t) +
         results.size() * sizeof(std::weak_ptr<Identity>);
}

// Every run of a trace calls this, so it calls passes_gradient only if the operand has a bit set.
void Lineage::add(std::uint64_t serial, const Graph& graph, const Identities& tensors) {
  Run run;
  for (const std::shared_ptr<Identity>& tensor : tensors) {
    if (tensor != nullptr) run.sources.push_back({tensor, tensor->evaluated});
  }
  const std::size_t words = run.words();
  std::vector<std::uint64_t> masks(graph.nodes().size() * words);
  const auto mask_of = [&](std::size_t id) { return std::span(masks).subspan(id * words, words); };
  std::size_t bit = 0;
  for (std::uint32_t id = 0; id < tensors.size(); ++id) {
    const Node& node = graph.node({id});
    const std::span<std::uint64_t> own = mask_of(id);
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const std::span<const std::uint64_t> operand = mask_of(node.operands[i].index);
      if (!is_empty(operand) && passes_gradient(graph, {id}, i)) join(own, operand);
    }
    const std::size_t result = run.results.size();
    const bool is_output =
        result < graph.outputs().size() && graph.outputs()[result].node.index == id;
    if (is_output) {
      run.masks.insert(run.masks.end(), own.begin(), own.end());
      run.results.push_back(tensors[id]);
    }
    if (tensors[id] != nullptr) set_bit(own, bit++);
  }
  bytes_ += run.bytes();
  runs_.emplace(serial, std::move(run));
  if (bytes_ >= forget_at_) forget_what_is_gone();
}

void Lineage::mark_evaluated(std::uint64_t serial) noexcept {
  const Run& run = runs_.find(serial)->second;
  for (std::size_t i = 0; i < run.results.size(); ++i) {
    if (!is_empty(run.row(i))) run.results[i].lock()->evaluated = {serial, i};
  }
}

// --- Forgetting ----------------------------------------------------------------------------------

/// Copies a run with other sources: each source that no longer exists is replaced by its own
/// sources.
class Lineage::Flattening {
 public:
  Flattening(const std::map<std::uint64_t, Run>& runs, const Run& from) : from_(from) {
    for (std::size_t i = 0; i < from.sources.size(); ++i) {
      const Source& source = from.sources[i];
      if (const auto tensor = source.tensor.lock()) {
        add(i, source, *tensor);
      } else if (source.evaluated.run != 0) {
        const Run& earlier = runs.at(source.evaluated.run);
        const auto row = earlier.row(source.evaluated.result);
        for_each_bit(row, row, [&](std::size_t bit) {
          if (const auto before = earlier.sources[bit].tensor.lock()) {
            add(i, earlier.sources[bit], *before);
          }
        });
      }
    }
  }

  Run run() && {
    Run run{std::move(sources_), from_.results, {}};
    run.masks.resize(from_.results.size() * run.words());
    std::vector<std::uint64_t> lasting(from_.words());
    for (std::size_t i = 0; i < became_.size(); ++i) {
      if (!became_[i].empty()) set_bit(lasting, i);
    }
    for (std::size_t result = 0; result < from_.results.size(); ++result) {
      const auto own = std::span(run.masks).subspan(result * run.words(), run.words());
      for_each_bit(from_.row(result), lasting, [&](std::size_t bit) {
        for (std::size_t source : became_[bit]) set_bit(own, source);
      });
    }
    return run;
  }

 private:
  void add(std::size_t before, const Source& source, const Identity& tensor) {
    const auto [known, added] = position_.try_emplace(&tensor, sources_.size());
    if (added) sources_.push_back(source);
    became_[before].push_back(known->second);
  }

  const Run& from_;
  std::vector<Source> sources_;
  std::map<const Identity*, std::size_t> position_;
  /// By old source: the new sources that replace it.
  std::vector<std::vector<std::size_t>> became_{from_.sources.size()};
};

void Lineage::forget_what_is_gone() {
  // Keeps all live identities until the end of this function, even if other threads release them.
  std::vector<std::shared_ptr<const Identity>> held;
  for (const auto& [serial, run] : runs_) {
    for (const Source& source : run.sources) held.push_back(source.tensor.lock());
    for (const auto& result : run.results) held.push_back(result.lock());
  }
  const auto is_gone = [](const auto& tensor) { return tensor.expired(); };
  // In ascending order, so the earlier runs that Flattening reads have only live sources.
  for (auto& [serial, run] : runs_) {
    if (std::ranges::any_of(run.sources, is_gone, &Source::tensor)) {
      run = Flattening(runs_, run).run();
    }
  }
  std::erase_if(runs_,
                [&](const auto& run) { return std::ranges::all_of(run.second.results, is_gone); });
  bytes_ = 0;
  for (const auto& [serial, run] : runs_) bytes_ += run.bytes();
  forget_at_ = std::max(kForgetAt, 2 * bytes_);
}

// --- Searching -----------------------------------------------------------------------------------

Lineage::Search::Search(const Lineage& lineage, std::span<const Identity* const> of)
    : lineage_(lineage) {
  for (std::size_t k = 0; k < of.size(); ++k) {
    if (of[k] == nullptr) continue;  // no run contained it
    of_.try_emplace(of[k], k);
    since_ = std::min(since_, of[k]->since);
  }
}

std::optional<std::size_t> Lineage::Search::position(const Identity* tensor) const {
  const auto found = of_.find(tensor);
  return found == of_.end() ? std::nullopt : std::optional(found->second);
}

const Lineage::Search::Wanted& Lineage::Search::wanted_in(std::uint64_t serial) {
  const auto [known, added] = wanted_.try_emplace(serial);
  if (!added) return known->second;
  const Lineage::Run& run = lineage_.runs_.at(serial);
  Wanted& wanted = known->second;
  wanted.of.resize(run.words());
  wanted.others.resize(run.words());
  for (std::size_t i = 0; i < run.sources.size(); ++i) {
    const Source& source = run.sources[i];
    if (position(source.tensor.lock().get())) set_bit(wanted.of, i);
    if (source.evaluated.run >= since_) set_bit(wanted.others, i);
  }
  return wanted;
}

std::optional<std::size_t> Lineage::Search::leading_to(const Identity& to) {
  std::vector<RunResult> open;
  const auto visit = [&](const RunResult& result) {
    if (result.run >= since_ && result.run != 0 && seen_.insert(result).second) {
      open.push_back(result);
    }
  };
  visit(to.evaluated);
  std::optional<std::size_t> first;
  while (!open.empty()) {
    const RunResult result = open.back();
    open.pop_back();
    const Lineage::Run& run = lineage_.runs_.at(result.run);
    const std::span<const std::uint64_t> row = run.row(result.result);
    const Wanted& wanted = wanted_in(result.run);
    for_each_bit(row, wanted.of, [&](std::size_t bit) {
      const auto at = position(run.sources[bit].tensor.lock().get());
      if (at && (!first || *at < *first)) first = at;
    });
    for_each_bit(row, wanted.others, [&](std::size_t bit) { visit(run.sources[bit].evaluated); });
  }
  return first;
}

}  // namespace sinter::detail
