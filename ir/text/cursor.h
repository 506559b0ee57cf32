// TextCursor: a position in a text that is being parsed. Reads the tokens of the text form, and
// throws errors that show the line with a caret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sinter::detail {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  /// Offset of the cursor in the text, in bytes.
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  /// Skips blanks and a comment, but not the end of the line.
  void skip_blanks();
  /// Skips blanks, comments and ends of lines up to the next token.
  void skip_blank_lines();
  /// Skips blanks, and then `token` if it is next. Returns true if it was.
  bool accept(std::string_view token);
  /// Skips `token`, or throws if it is not next.
  void expect(std::string_view token);
  /// Throws unless only blanks and a comment remain on the line.
  void expect_end_of_line();
  /// Reads a word: letters, digits and underscores, the first not a digit. Returns an empty text if
  /// no word is next.
  std::string_view word();
  // These functions read a number, or throw an error that says that `what` was expected.
  std::uint64_t integer(std::string_view what);
  std::int64_t signed_integer(std::string_view what);
  double number(std::string_view what);
  /// Reads a name in quotes, with the escapes \", \\ and \xNN.
  std::string quoted(std::string_view what);

  /// Throws Error(parse_error) with line, column, message, the line itself and a caret.
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
