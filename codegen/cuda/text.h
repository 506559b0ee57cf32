// CudaText: lines of CUDA C, and the index expressions that have a name or a text at the point that
// has been reached.
//
// As in the nest's own text, an expression that is used more than once has a name, t0, t1, ..., and
// stands where its last variable gets its value; so has one that loops need and that depends on
// none. The vectors of a thread are loaded in one scope and stored in another one: what both use is
// written in both, and only where it is used.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

class CudaText {
 public:
  explicit CudaText(const LoopNest& nest);

  void line(const std::string& text) { out_ += std::string(2 * depth_, ' ') + text + "\n"; }
  void open(const std::string& head);
  void close();
  [[nodiscard]] std::string take() { return std::move(out_); }

  /// The indices that statements of `block` depend on, and what leaves some of its lanes out.
  [[nodiscard]] std::vector<bool> needed(const Block& block,
                                         const std::vector<Limit>& limits = {}) const;
  /// Gives a text to every needed index that can have its value by now; writes those with a name.
  void define(const std::vector<bool>& needed);
  /// The places along each axis that are needed, by division of what `place` says.
  void define_digits(std::span<const Digit> digits, const std::string& place,
                     const std::vector<bool>& needed);
  void define_digits(const Loop& loop, const std::vector<bool>& needed) {
    define_digits(loop.digits, text(loop.variable), needed);
  }
  /// That of indices: "int" or "long long".
  [[nodiscard]] std::string_view index_type() const {
    return nest_.index_bits == 32 ? "int" : "long long";
  }
  /// From here on the variable of `loop` has its name.
  const std::string& name_variable(IndexId variable);
  /// From here on `variable` is what `text` says.
  void set_variable(IndexId variable, std::string text) {
    texts_[variable.index] = std::move(text);
  }

  /// The texts as they are now; those with a name do not outlive their scope.
  [[nodiscard]] const std::vector<std::string>& scope() const { return texts_; }
  void restore(std::vector<std::string> scope) { texts_ = std::move(scope); }

  [[nodiscard]] const std::string& text(IndexId id) const { return texts_[id.index]; }
  /// As an operand of a sum or a comparison, and of anything.
  [[nodiscard]] std::string summand(IndexId id) const;
  [[nodiscard]] std::string term(IndexId id) const;

 private:
  [[nodiscard]] bool named(std::size_t index) const { return named_[index]; }
  [[nodiscard]] bool ready(const Index& index) const;
  [[nodiscard]] std::string expression(const Index& index) const;

  const LoopNest& nest_;
  std::vector<bool> named_;         // [index]
  std::vector<std::string> texts_;  // [index] empty until its variables are known
  std::vector<std::string> names_;  // [index] where it has one
  std::size_t next_name_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace sinter::detail
