// Helpers to write HTML and SVG.
#pragma once

#include <string>
#include <string_view>

/// As printf, but returns a string. Truncates at 1023 characters.
[[nodiscard]] std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));

/// `text` with the characters <, > and & escaped for HTML.
[[nodiscard]] std::string escaped(std::string_view text);
