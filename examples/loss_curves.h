// Loss by epoch as an SVG chart, one curve for each activation.
#pragma once

#include <string>
#include <vector>

struct Curve {
  std::string name;
  std::vector<double> values;  ///< above 0, by epoch
};

/// Two charts side by side, with one legend: the curves on a logarithmic scale, and each divided by
/// the curve of this position, where curves that all but coincide come apart.
[[nodiscard]] std::string charts_of(const std::vector<Curve>& curves, std::size_t reference);
