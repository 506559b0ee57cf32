// Lineage: which tensors lead to an evaluated one.
//
// Evaluating a tensor forgets how it was recorded, so a gradient ends there. That is right where
// the tensor has nothing to do with what is asked for (weights of the last step, data); elsewhere a
// part of the gradient would be missing, and nobody would notice. To tell the two apart, each run
// leaves a matrix of bits: for every result, from which of the tensors that were there it was
// computed, by ops that pass a gradient on.
//
// Nobody can ask for the gradient by a tensor that is gone. So tensors that are gone leave the
// matrices, and what led to them takes their place: what is kept grows with the tensors that live,
// not with the runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Result `result` of run `run`; of no run where that is 0.
struct RunResult {
  std::uint64_t run = 0;
  std::size_t result = 0;
  friend auto operator<=>(const RunResult&, const RunResult&) = default;
};

/// What a tensor is known by. It lives as long as the tensor, or its memory as input of a trace.
struct Identity {
  std::uint64_t since = 0;  ///< the first run of a trace that it was in
  /// None while it is pending, for what the program handed over, and where nothing leads to it.
  RunResult evaluated = {};
};

class Lineage {
 public:
  using Identities = std::vector<std::shared_ptr<Identity>>;

  /// Of a run of `graph`, whose outputs are in the order of their nodes. `tensors` are the
  /// identities of nodes, by id, null where there is none; outputs have one. Runs ascend.
  void add(std::uint64_t run, const Graph& graph, const Identities& tensors);
  /// Once it has run.
  void mark_evaluated(std::uint64_t run) noexcept;

  /// Bytes of all matrices.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// Finds which of some tensors lead to evaluated ones.
  class Search {
   public:
    Search(const Lineage& lineage, std::span<const Identity* const> of);
    /// The position in `of` of a tensor from which `to` was computed, one at the least.
    [[nodiscard]] std::optional<std::size_t> leading_to(const Identity& to);

   private:
    using Mask = std::vector<std::uint64_t>;
    struct Wanted {
      Mask of;      ///< sources that are one of `of`
      Mask others;  ///< sources to which one of `of` may lead
    };
    [[nodiscard]] const Wanted& wanted_in(std::uint64_t run);
    [[nodiscard]] std::optional<std::size_t> position(const Identity* tensor) const;

    const Lineage& lineage_;
    std::map<const Identity*, std::size_t> of_;
    std::uint64_t since_ = UINT64_MAX;  ///< nothing that earlier runs made comes from `of`
    std::map<std::uint64_t, Wanted> wanted_;
    std::set<RunResult> seen_;
  };

 private:
  struct Source {
    std::weak_ptr<const Identity> tensor;
    RunResult evaluated;  ///< before that run
  };
  struct Run {
    std::vector<Source> sources;
    std::vector<std::weak_ptr<Identity>> results;
    std::vector<std::uint64_t> masks;  ///< a row of bits for each result, a bit for each source

    [[nodiscard]] std::size_t words() const;
    [[nodiscard]] std::span<const std::uint64_t> row(std::size_t result) const;
    [[nodiscard]] std::size_t bytes() const;
  };
  class Flattening;

  void forget_what_is_gone();

  std::map<std::uint64_t, Run> runs_;
  std::size_t bytes_ = 0;
  std::size_t forget_at_ = kForgetAt;
  static constexpr std::size_t kForgetAt = 4096;  ///< bytes, at the least
};

}  // namespace sinter::detail
