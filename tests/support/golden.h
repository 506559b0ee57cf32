// Golden tests: compare a text with a file under tests/golden/, or rewrite the file on request.
#pragma once

#include <string_view>

namespace sinter::test {

/// Adds a test failure unless `text` equals the content of tests/golden/<name>. The failure shows
/// the lines that differ and the command that updates the file. If SINTER_UPDATE_GOLDEN=1 is set,
/// the file is rewritten instead.
void expect_golden(std::string_view name, std::string_view text);

}  // namespace sinter::test
