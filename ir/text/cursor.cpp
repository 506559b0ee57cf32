// Tokens and error messages of the text form. The locale has no effect on numbers.
#include "text/cursor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <sinter/ir/error.h>

namespace sinter::detail {
namespace {

/// Most characters that an error shows before the caret. Of a long line it shows twice as many in
/// all.
constexpr std::size_t kContext = 60;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Decimal digits of an integer, not rounded.
std::string integer_text(double value) {
  std::array<char, 320> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 0);
  return {text.data(), end.ptr};
}

}  // namespace

void TextCursor::skip_blanks() {
  while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_;
  if (peek() != '#') return;
  at_ = std::min(text_.find('\n', at_), text_.size());
}

void TextCursor::skip_blank_lines() {
  for (skip_blanks(); peek() == '\n'; skip_blanks()) ++at_;
}

bool TextCursor::accept(std::string_view token) {
  skip_blanks();
  if (text_.substr(at_, token.size()) != token) return false;
  // "const" must not match the start of "constant".
  const char next = at_ + token.size() < text_.size() ? text_[at_ + token.size()] : '\0';
  if (is_letter(token.back()) && (is_letter(next) || is_digit(next))) return false;
  at_ += token.size();
  return true;
}

void TextCursor::expect(std::string_view token) {
  if (!accept(token)) fail_here(fmt::format("expected '{}'", token));
}

void TextCursor::expect_end_of_line() {
  skip_blanks();
  if (!at_end() && peek() != '\n') fail_here("expected the end of the line");
}

std::string_view TextCursor::word() {
  skip_blanks();
  if (!is_letter(peek())) return {};
  const std::size_t first = at_;
  while (is_letter(peek()) || is_digit(peek())) ++at_;
  return text_.substr(first, at_ - first);
}

template <typename T>
T TextCursor::parse_number(std::string_view what) {
  skip_blanks();
  T value{};
  const char* first = text_.data() + at_;
  const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
  if (error == std::errc::result_out_of_range) {
    fail_here(fmt::format("{} is out of range", what));
  }
  if (error != std::errc()) fail_here(fmt::format("expected {}", what));
  at_ += static_cast<std::size_t>(end - first);
  return value;
}

std::uint64_t TextCursor::integer(std::string_view what) {
  return parse_number<std::uint64_t>(what);
}
std::int64_t TextCursor::signed_integer(std::string_view what) {
  return parse_number<std::int64_t>(what);
}

double TextCursor::number(std::string_view what) {
  skip_blanks();
  const std::size_t first = at_;
  const double value = parse_number<double>(what);
  std::string_view digits = text_.substr(first, at_ - first);
  digits.remove_prefix(std::min(digits.find_first_not_of("-0"), digits.size()));
  const bool whole = std::ranges::all_of(digits, is_digit);
  // Below 2^53 every integer is exact in f64.
  if (whole && std::abs(value) >= 0x1p53 && digits != integer_text(std::abs(value))) {
    fail_at(first, fmt::format("this integer is not exact in f64; the nearest f64 is {}; write a "
                               "decimal point to allow rounding",
                               integer_text(value)));
  }
  return value;
}

std::string TextCursor::quoted(std::string_view what) {
  skip_blanks();
  const std::size_t first = at_;
  if (peek() != '"') fail_here(fmt::format("expected {} in quotes", what));
  std::string name;
  for (++at_; peek() != '"'; ++at_) {
    if (at_end() || peek() == '\n') fail_at(first, "the name has no closing quote");
    if (peek() != '\\') {
      name += peek();
    } else if (++at_; peek() == '"' || peek() == '\\') {
      name += peek();
    } else {
      unsigned char code = 0;
      const char* digits = text_.data() + at_ + 1;
      const bool room = peek() == 'x' && text_.size() - at_ > 2;
      if (!room || std::from_chars(digits, digits + 2, code, 16).ptr != digits + 2) {
        fail_here(R"(a name escapes only \", \\ and \xNN)");
      }
      name += static_cast<char>(code);
      at_ += 2;
    }
  }
  ++at_;
  return name;
}

void TextCursor::fail_at(std::size_t position, std::string_view message) const {
  const std::string_view before = text_.substr(0, position);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto line_number = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = position - line_start;
  const std::size_t line_end = std::min(text_.find('\n', position), text_.size());
  const std::size_t shown = column > kContext ? position - kContext : line_start;
  std::string line(text_.substr(shown, std::min(line_end - shown, 2 * kContext)));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  fail(ErrorCode::parse_error, fmt::format("line {}, column {}: {}\n  {}\n  {:>{}}", line_number,
                                           column + 1, message, line, '^', position - shown + 1));
}

}  // namespace sinter::detail
