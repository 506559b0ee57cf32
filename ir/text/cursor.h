// A place in a text that is being parsed: the tokens of the text form, and errors that show the
// line with a caret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sinter::detail {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  /// Past blanks and a comment, up to the end of the line.
  void skip_blanks();
  /// Past whole lines without a token.
  void skip_blank_lines();
  /// Takes `token` if it is next, blanks before it aside.
  bool accept(std::string_view token);
  /// Takes `token` or reports that `token` is missing.
  void expect(std::string_view token);
  void expect_end_of_line();
  /// Letters, digits and underscores, starting with a letter; empty when something else is next.
  std::string_view word();
  std::uint64_t integer(std::string_view what);
  std::int64_t signed_integer(std::string_view what);
  double number(std::string_view what);
  /// A name in quotes, with \", \\ and \xNN.
  std::string quoted(std::string_view what);

  /// Throws Error(parse_error): line, column, message, the line and a caret.
  [[noreturn]] void fail_at(std::size_t position, std::string_view message) const;
  [[noreturn]] void fail_here(std::string_view message) const { fail_at(at_, message); }

 private:
  template <typename T>
  T parse_number(std::string_view what);
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace sinter::detail
