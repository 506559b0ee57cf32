// Golden tests: text that is compared with a file under tests/golden/, and rewritten on request.
#pragma once

#include <string_view>

namespace sinter::test {

/// Adds a test failure unless `text` is what tests/golden/<name> holds. The failure shows the first
/// lines that differ and the command that updates the file; with SINTER_UPDATE_GOLDEN=1 in the
/// environment the file is rewritten instead.
void expect_golden(std::string_view name, std::string_view text);

}  // namespace sinter::test
