// Past: from which tensors those of one run were computed.
//
// Evaluating a tensor forgets how it was recorded, so a gradient ends there. Nothing is wrong with
// that where the tensor has nothing to do with what is asked for (weights of the last step, data);
// elsewhere a part of the gradient would be missing and nobody would notice. What is kept here
// tells the two apart: ages instead of memory, a word or two for each result. What lies more than
// one run back is told by ages alone, so a tensor may be suspected wrongly, never trusted wrongly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

class Past;

/// When a value came into memory, and from what.
struct Origin {
  std::uint64_t age = 0;  ///< of an engine no two are alike; the younger is higher
  /// None for what the program handed over, and where no gradient leads to what it is from.
  std::shared_ptr<const Past> past = {};
  std::size_t result = 0;  ///< of that run

  [[nodiscard]] bool is_computed() const { return past != nullptr; }
};

class Past {
 public:
  struct Source {
    std::uint64_t age = 0;
    bool computed = false;
  };

  /// Of a run of `graph`, whose outputs are in the order of their nodes. `inputs` are those of the
  /// graph; results get the ages from `first_age` on.
  Past(const Graph& graph, std::vector<Source> inputs, std::uint64_t first_age);

  /// Whether a result was computed from other tensors in a way that has a gradient.
  [[nodiscard]] bool is_led_to(std::size_t result) const;
  /// Whether the tensor of this age is, or may be, one of them.
  [[nodiscard]] bool may_lead(std::uint64_t age, std::size_t result) const;

 private:
  std::vector<Source> sources_;       ///< inputs, then results
  std::size_t words_;                 ///< of a mask
  std::vector<std::uint64_t> masks_;  ///< by result: a bit for each source
};

}  // namespace sinter::detail
