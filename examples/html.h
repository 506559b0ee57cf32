// Text for HTML and SVG.
#pragma once

#include <string>
#include <string_view>

/// As printf, into a string.
[[nodiscard]] std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));

/// `text` with what HTML would read as markup spelled out.
[[nodiscard]] std::string escaped(std::string_view text);
