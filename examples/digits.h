// The handwritten digits in examples/data/digits.csv. A row is one image: 64 pixels from 0 to 16,
// then the digit. See examples/data/README.md for their source and licence.
#pragma once

#include <string>
#include <vector>

/// Images and their digits.
struct Digits {
  static constexpr int kPixels = 64;
  std::vector<float> pixels;  ///< [images, 64], row-major
  std::vector<int> labels;    ///< [images], 0 to 9

  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
};

/// Reads a file of this format. Throws std::runtime_error with the file, the line and the error.
Digits read_digits(const std::string& path);
