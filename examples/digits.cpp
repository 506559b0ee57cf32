// A strict reader: throws unless every line has exactly 65 integers in range.
#include "digits.h"

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace {

/// Removes the integer at the beginning of `line`, and a comma after it, and returns the integer.
int take_integer(std::string_view& line, int highest, const std::string& where) {
  int value = -1;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || value < 0 || value > highest) {
    throw std::runtime_error(where + ": expected an integer from 0 to " + std::to_string(highest));
  }
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (line.starts_with(',')) line.remove_prefix(1);
  return value;
}

}  // namespace

Digits read_digits(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  Digits digits;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    const std::string where = path + ", line " + std::to_string(number);
    std::string_view line = text;
    for (int i = 0; i < Digits::kPixels; ++i) {
      digits.pixels.push_back(static_cast<float>(take_integer(line, 16, where)));
    }
    digits.labels.push_back(take_integer(line, 9, where));
    if (!line.empty()) throw std::runtime_error(where + ": more than 64 pixels and a digit");
  }
  if (digits.labels.empty()) throw std::runtime_error(path + ": holds no images");
  return digits;
}
