// CudaText: the lines of CUDA C written so far, and the text of each index expression that is in
// scope.
//
// As in the text form of a nest, an expression that is used more than once has a name: t0, t1, ...
// It is defined as soon as all its variables are known. An operand that depends on no loop variable
// has a name too if the expression that contains it depends on one. The vectors of a thread are
// loaded in one scope and stored in another; each scope defines the names that it uses itself.
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

  /// [index] true if statements of `block` or `limits` depend on it.
  [[nodiscard]] std::vector<bool> needed(const Block& block,
                                         const std::vector<Limit>& limits = {}) const;
  /// Sets the text of every needed index whose operands have one; writes the definitions of names.
  void define(const std::vector<bool>& needed);
  /// Writes the definitions of the needed digits of the number `place`, by division.
  void define_digits(std::span<const Digit> digits, const std::string& place,
                     const std::vector<bool>& needed);
  void define_digits(const Loop& loop, const std::vector<bool>& needed) {
    define_digits(loop.digits, text(loop.variable), needed);
  }
  /// The type of indices: "int" or "long long".
  [[nodiscard]] std::string_view index_type() const {
    return nest_.index_bits == 32 ? "int" : "long long";
  }
  /// Sets the text of a variable to its name, i0, i1, ...; returns the name.
  const std::string& name_variable(IndexId variable);
  /// Sets the text of a variable.
  void set_variable(IndexId variable, std::string text) {
    texts_[variable.index] = std::move(text);
  }

  /// The texts of all indices now. Restore them at the end of a scope: its names end there.
  [[nodiscard]] const std::vector<std::string>& scope() const { return texts_; }
  void restore(std::vector<std::string> scope) { texts_ = std::move(scope); }

  [[nodiscard]] const std::string& text(IndexId id) const { return texts_[id.index]; }
  /// The text as an operand of a sum or a comparison, in parentheses if it needs them there.
  [[nodiscard]] std::string summand(IndexId id) const;
  /// The text as an operand of any operator.
  [[nodiscard]] std::string term(IndexId id) const;

 private:
  [[nodiscard]] bool named(std::size_t index) const { return named_[index]; }
  [[nodiscard]] bool ready(const Index& index) const;
  [[nodiscard]] std::string expression(const Index& index) const;

  const LoopNest& nest_;
  std::vector<bool> named_;         // [index] true if it gets a name
  std::vector<std::string> texts_;  // [index] empty until its variables are known
  std::vector<std::string> names_;  // [index] its name, once it has one
  std::size_t next_name_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace sinter::detail
