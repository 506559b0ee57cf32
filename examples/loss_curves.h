// SVG charts of the loss by epoch, one curve for each activation.
#pragma once

#include <string>
#include <vector>

struct Curve {
  std::string name;
  std::vector<double> values;  ///< by epoch; greater than 0
};

/// Two charts side by side with one legend. The first shows the curves on a logarithmic scale. The
/// second shows each curve divided by curve number `reference`, which separates curves that nearly
/// coincide.
[[nodiscard]] std::string charts_of(const std::vector<Curve>& curves, std::size_t reference);
