// Lineage: the tensors from which each evaluated tensor was computed.
//
// Evaluating a tensor forgets its ops, so a gradient ends there. This is correct if the tensor does
// not depend on the tensors of the gradient (weights of the last step, data); otherwise a part of
// the gradient would be missing. To detect this, each run stores a bit matrix: for every result,
// the tensors of the trace from which it was computed by ops that pass a gradient.
//
// A gradient with respect to a tensor that no longer exists cannot be asked for. So such tensors
// are removed from the matrices, and their own sources replace them. The memory grows with the
// number of live tensors, not with the number of runs.
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

/// Result number `result` of run `run`; no result if `run` is 0.
struct RunResult {
  std::uint64_t run = 0;
  std::size_t result = 0;
  friend auto operator<=>(const RunResult&, const RunResult&) = default;
};

/// Identifies a tensor in the lineage. Lives as long as the tensor, or as long as its buffer is an
/// input of a trace.
struct Identity {
  std::uint64_t since = 0;  ///< serial of the first run whose trace contained it
  /// The result that evaluated it. None while it is pending, if the user gave its elements, or if
  /// it has no sources.
  RunResult evaluated = {};
};

class Lineage {
 public:
  using Identities = std::vector<std::shared_ptr<Identity>>;

  /// Adds the matrix of a run of `graph`, whose outputs are in the order of their nodes. `tensors`
  /// holds the identity of each node, by id, or null; outputs have one. `run` must be greater than
  /// in earlier calls.
  void add(std::uint64_t run, const Graph& graph, const Identities& tensors);
  /// Marks the results of an added run as evaluated by it. Called when the run has succeeded.
  void mark_evaluated(std::uint64_t run) noexcept;

  /// Bytes of all matrices.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// Finds which of the tensors `of` an evaluated tensor was computed from.
  class Search {
   public:
    Search(const Lineage& lineage, std::span<const Identity* const> of);
    /// Smallest position in `of` of a tensor from which `to` was computed; nullopt if there is
    /// none.
    [[nodiscard]] std::optional<std::size_t> leading_to(const Identity& to);

   private:
    using Mask = std::vector<std::uint64_t>;
    struct Wanted {
      Mask of;      ///< sources that are elements of `of`
      Mask others;  ///< evaluated sources that may be computed from an element of `of`
    };
    [[nodiscard]] const Wanted& wanted_in(std::uint64_t run);
    [[nodiscard]] std::optional<std::size_t> position(const Identity* tensor) const;

    const Lineage& lineage_;
    std::map<const Identity*, std::size_t> of_;
    std::uint64_t since_ = UINT64_MAX;  ///< first run whose results may be computed from `of`
    std::map<std::uint64_t, Wanted> wanted_;
    std::set<RunResult> seen_;
  };

 private:
  struct Source {
    std::weak_ptr<const Identity> tensor;
    RunResult evaluated;  ///< Identity::evaluated of the tensor when the run began
  };
  struct Run {
    std::vector<Source> sources;
    std::vector<std::weak_ptr<Identity>> results;
    std::vector<std::uint64_t> masks;  ///< a row for each result, a bit for each source

    [[nodiscard]] std::size_t words() const;
    [[nodiscard]] std::span<const std::uint64_t> row(std::size_t result) const;
    [[nodiscard]] std::size_t bytes() const;
  };
  class Flattening;

  /// Replaces sources that no longer exist by their own sources, and drops runs without a live
  /// result.
  void forget_what_is_gone();

  std::map<std::uint64_t, Run> runs_;
  std::size_t bytes_ = 0;
  std::size_t forget_at_ = kForgetAt;
  /// Bytes of the matrices at which forget_what_is_gone runs. After that it runs at twice the bytes
  /// that remained, but not below this.
  static constexpr std::size_t kForgetAt = 4096;
};

}  // namespace sinter::detail
