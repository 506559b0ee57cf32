// The tour exits with 0 and prints the text of its golden file.
#include <array>
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "support/golden.h"

namespace sinter::test {
namespace {

TEST(LeakyReluTour, PrintsWhatItsCommentsSay) {
  std::FILE* program = popen(SINTER_LEAKY_RELU_TOUR, "r");
  ASSERT_NE(program, nullptr);
  std::string printed;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), program) != nullptr) {
    printed += part.data();
  }
  EXPECT_EQ(pclose(program), 0);
  expect_golden("examples/leaky_relu_tour.txt", printed);
}

}  // namespace
}  // namespace sinter::test
