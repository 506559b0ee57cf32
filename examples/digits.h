// The handwritten digits in examples/data/digits.csv: 64 pixels of 0 to 16 and the digit, one image
// a row. See examples/data/README.md for their source and licence.
#pragma once

#include <string>
#include <vector>

struct Digits {
  static constexpr int kPixels = 64;
  std::vector<float> pixels;  ///< [images, 64], row-major
  std::vector<int> labels;    ///< [images]

  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
};

/// Reads a file of that form. Throws std::runtime_error that names file, line and what is wrong.
Digits read_digits(const std::string& path);
