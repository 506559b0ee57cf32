// A chart has a vertical axis with round ticks, epochs from left to right, and a line per curve.
#include "loss_curves.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "html.h"

namespace {

// Size of the plot in pixels: a screen 400 pixels wide shrinks the labels only a little.
constexpr double kWidth = 340;
constexpr double kHeight = 240;
// Margins of the plot, for its labels and its title.
constexpr double kLeft = 52;
constexpr double kTop = 26;

struct Style {
  const char* colour;
  const char* dashes;
};
constexpr std::array<Style, 8> kStyles = {{{"#08306b", ""},
                                           {"#1b6ca8", ""},
                                           {"#4292c6", ""},
                                           {"#6aaed6", ""},
                                           {"#c0392b", "7 3"},
                                           {"#1e8449", "7 3"},
                                           {"#7d3c98", "2 3"},
                                           {"#b9770e", "8 3 2 3"}}};

std::string stroke_of(std::size_t curve) {
  const Style& style = kStyles[curve % kStyles.size()];
  return format("fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-dasharray=\"%s\"",
                style.colour, style.dashes);
}

/// The vertical axis of a plot: positions of values, and round values for the ticks.
struct Scale {
  double low, high;
  bool logarithmic;

  [[nodiscard]] double y(double value) const {
    const auto at = [&](double number) { return logarithmic ? std::log10(number) : number; };
    return kTop + kHeight * (at(high) - at(value)) / (at(high) - at(low));
  }
  [[nodiscard]] std::vector<double> ticks() const {
    std::vector<double> all;
    if (logarithmic) {
      for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high;
           decade *= 10) {
        for (const double step : {1., 2., 5.}) all.push_back(step * decade);
      }
    } else {
      const double decade = std::pow(10, std::floor(std::log10(high - low)));
      const double step =
          (high - low) / decade > 4 ? decade : decade / (high - low < 2 * decade ? 5 : 2);
      for (double tick = std::ceil(low / step) * step; tick <= high; tick += step) {
        all.push_back(std::abs(tick) < step / 2 ? 0 : tick);
      }
    }
    std::erase_if(all, [&](double tick) { return tick < low || tick > high; });
    return all;
  }
};

Scale scale_of(const std::vector<Curve>& curves, bool logarithmic) {
  Scale scale{1e300, 1e-300, logarithmic};
  for (const Curve& curve : curves) {
    for (const double value : curve.values) {
      scale.low = std::min(scale.low, value);
      scale.high = std::max(scale.high, value);
    }
  }
  const double margin = std::max(0.05 * (scale.high - scale.low), 1e-3);
  scale.low = logarithmic ? std::max(scale.low, 1e-9) / 1.1 : scale.low - margin;
  scale.high = logarithmic ? std::max(scale.high, 2e-9) * 1.1 : scale.high + margin;
  return scale;
}

std::string chart(const std::string& title, const std::vector<Curve>& curves, bool logarithmic) {
  const Scale scale = scale_of(curves, logarithmic);
  std::size_t epochs = 2;
  for (const Curve& curve : curves) epochs = std::max(epochs, curve.values.size());
  const auto x = [&](std::size_t epoch) {
    return kLeft + kWidth * static_cast<double>(epoch) / static_cast<double>(epochs - 1);
  };
  std::string out = format("<svg viewBox=\"0 0 %g %g\" width=\"100%%\" role=\"img\" aria-label=\"",
                           kLeft + kWidth + 12, kTop + kHeight + 44) +
                    escaped(title) + format("\"><text x=\"%g\" y=\"14\" class=\"bold\">", kLeft) +
                    escaped(title) + "</text>\n";
  for (const double tick : scale.ticks()) {
    const double y = scale.y(tick);
    out += format(
        "<line x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>"
        "<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%.3g</text>\n",
        kLeft, kLeft + kWidth, y, y, kLeft - 6, y + 4, tick);
  }
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    if (epoch != 0 && epoch + 1 != epochs && (epoch + 1) % 5 != 0) continue;
    out += format("<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%zu</text>\n", x(epoch),
                  kTop + kHeight + 18, epoch + 1);
  }
  out += format("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\" class=\"small\">epoch</text>\n",
                kLeft + kWidth / 2, kTop + kHeight + 36);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    out += "<polyline " + stroke_of(i) + " points=\"";
    for (std::size_t epoch = 0; epoch < curves[i].values.size(); ++epoch) {
      out += format("%.1f,%.1f ", x(epoch), scale.y(curves[i].values[epoch]));
    }
    out += "\"/>\n";
  }
  return out + "</svg>\n";
}

std::string legend(const std::vector<Curve>& curves) {
  std::string out = "<p class=\"legend\">";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    out += "<span><svg width=\"36\" height=\"10\"><line x1=\"0\" x2=\"36\" y1=\"5\" y2=\"5\" " +
           stroke_of(i) + "/></svg> " + escaped(curves[i].name) + "</span>\n";
  }
  return out + "</p>\n";
}

}  // namespace

std::string charts_of(const std::vector<Curve>& curves, std::size_t reference) {
  std::vector<Curve> ratios = curves;
  for (Curve& curve : ratios) {
    for (std::size_t epoch = 0; epoch < curve.values.size(); ++epoch) {
      curve.values[epoch] /= curves[reference].values[epoch];
    }
  }
  return legend(curves) + "<div class=\"beside\">" + chart("mean loss of an epoch", curves, true) +
         chart("the same over that of " + curves[reference].name, ratios, false) + "</div>\n";
}
