// The list of special values, and the reader of tests/data/leaky_relu_special.csv.
#include "support/special_values.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace sinter::test {
namespace {

template <typename T>
std::vector<T> make_special_values() {
  using Limits = std::numeric_limits<T>;
  const T positive[] = {
      T(0), Limits::denorm_min(), 3 * Limits::denorm_min(), Limits::min() - Limits::denorm_min(),
      Limits::min(), std::sqrt(Limits::min()), T(0.01), T(1) / 3, T(0.5), 1 - Limits::epsilon() / 2,
      T(1), 1 + Limits::epsilon(), T(1.5), T(2), T(2.5), T(3), T(3.14159265358979323846), T(6),
      // A value where the spacing is one half, the first where it is one, and one where it is two.
      1 / Limits::epsilon() / 2 + T(0.5), 1 / Limits::epsilon(), 2 / Limits::epsilon() + 2,
      std::sqrt(Limits::max()), Limits::max() / 2, Limits::max(), Limits::infinity(),
      Limits::quiet_NaN()};
  std::vector<T> values;
  for (T value : positive) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

template <typename T>
T parse_number(const std::string& text) {
  const bool subnormal = text.ends_with("den");
  const std::string digits = subnormal ? text.substr(0, text.size() - 3) : text;
  if (subnormal && (digits.empty() || digits == "-")) {
    return std::copysign(std::numeric_limits<T>::denorm_min(), T(digits.empty() ? 1 : -1));
  }
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (digits.empty() || *end != '\0') throw std::runtime_error("not a number: " + text);
  return subnormal ? static_cast<T>(value) * std::numeric_limits<T>::denorm_min()
                   : static_cast<T>(value);
}

/// Splits a row into its four fields.
std::array<std::string, 4> split(const std::string& line) {
  std::array<std::string, 4> fields;
  std::size_t from = 0;
  for (std::string& field : fields) {
    const std::size_t comma = line.find(',', from);
    field = line.substr(from, comma - from);
    const bool last = &field == &fields.back();
    if (last != (comma == std::string::npos)) throw std::runtime_error("not four fields: " + line);
    from = comma + 1;
  }
  return fields;
}

}  // namespace

template <std::floating_point T>
std::span<const T> special_values() {
  static const std::vector<T> values = make_special_values<T>();
  return values;
}

template <std::floating_point T>
std::vector<LeakyReluCase<T>> leaky_relu_special_cases() {
  const std::string path = SINTER_TEST_DIR "/data/leaky_relu_special.csv";
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<LeakyReluCase<T>> cases;
  bool head = true;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (std::exchange(head, false)) continue;
    const auto [slope, x, forward, gradient] = split(line);
    cases.push_back({parse_number<double>(slope), parse_number<T>(x), parse_number<T>(forward),
                     parse_number<T>(gradient)});
  }
  return cases;
}

template <std::floating_point T>
bool same_value(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
}

template std::span<const float> special_values();
template std::span<const double> special_values();
template std::vector<LeakyReluCase<float>> leaky_relu_special_cases();
template std::vector<LeakyReluCase<double>> leaky_relu_special_cases();
template bool same_value(float, float);
template bool same_value(double, double);

}  // namespace sinter::test
