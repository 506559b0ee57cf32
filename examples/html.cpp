// Formatting and escaping of text.
#include "html.h"

#include <array>
#include <cstdarg>
#include <cstdio>

std::string format(const char* text, ...) {
  std::array<char, 1024> line{};
  va_list arguments;
  va_start(arguments, text);
  std::vsnprintf(line.data(), line.size(), text, arguments);
  va_end(arguments);
  return line.data();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      default: out += c;
    }
  }
  return out;
}
