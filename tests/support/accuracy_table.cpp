#include "support/accuracy_table.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/sweep.h"

namespace sinter::test {
namespace {

const char* const kDocument = SINTER_TEST_DIR "/../docs/accuracy.md";

std::vector<std::string> read_lines() {
  std::ifstream file(kDocument);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void write_lines(const std::vector<std::string>& lines) {
  std::ofstream file(kDocument);
  for (const std::string& line : lines) file << line << '\n';
}

/// Cells of a row: function, promised and measured error in f32, promised and measured in f64.
using Row = std::array<std::string, 5>;

Row cells_of(const std::string& line) {
  Row row;
  std::istringstream text(line.substr(2));
  for (std::string& cell : row) {
    std::getline(text, cell, '|');
    cell = cell.substr(0, cell.find_last_not_of(' ') + 1);
    cell.erase(0, cell.find_first_not_of(' '));
  }
  return row;
}

std::string line_of(const Row& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += " " + cell + " |";
  return line;
}

/// Formats an error, rounded up to three digits after the decimal point.
std::string figure(double error) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", std::ceil(error * 1000) / 1000);
  return text.data();
}

}  // namespace

void expect_accuracy(Op op, DType dtype, double limit, double error) {
  const std::string name(to_string(op));
  const std::size_t promised = dtype == DType::f32 ? 1 : 3;
  EXPECT_LE(error, limit) << name << " on " << to_string(dtype);
  std::vector<std::string> lines = read_lines();
  for (std::string& line : lines) {
    if (!line.starts_with("| " + name + " |")) continue;
    Row row = cells_of(line);
    EXPECT_EQ(std::strtod(row[promised].c_str(), nullptr), limit)
        << "docs/accuracy.md promises another limit for the error of " << name << " on "
        << to_string(dtype);
    if (std::getenv("SINTER_UPDATE_GOLDEN") != nullptr) {
      row[promised + 1] = figure(error);
      line = line_of(row);
      write_lines(lines);
    } else if (!is_long()) {
      EXPECT_LE(error, std::strtod(row[promised + 1].c_str(), nullptr))
          << "the measured error is larger than the one in docs/accuracy.md for " << name << " on "
          << to_string(dtype) << "; SINTER_UPDATE_GOLDEN=1 updates the table";
    }
    return;
  }
  ADD_FAILURE() << "docs/accuracy.md has no row for " << name;
}

}  // namespace sinter::test
