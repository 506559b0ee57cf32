// Elements as 64-bit words, and conversions between words and numbers.
#include <sinter/ir/element.h>

#include <cfenv>
#include <cstring>
#include <string>

#include <sinter/ir/elementwise.h>
#include <sinter/ir/error.h>
#include <sinter/ir/float_environment.h>

#include "graph/primitives.h"

namespace sinter {

void detail::refuse_evaluation(std::string_view reason) {
  fail(ErrorCode::invalid_argument, "evaluate: " + std::string(reason));
}

double detail::nearest_double(long double value) {
  const int mode = std::fegetround();
  if (mode == FE_TONEAREST) return static_cast<double>(value);
  std::fesetround(FE_TONEAREST);
  // volatile keeps the conversion between the two changes of the mode.
  const volatile double nearest = static_cast<double>(value);
  std::fesetround(mode);
  return nearest;
}

bool detail::is_zero_bits(std::uint64_t bits) { return bits << 1 == 0; }

std::uint64_t element_bits(double value, DType dtype) {
  const detail::FloatEnvironment environment;
  std::uint64_t bits = 0;
  detail::visit_type(
      dtype, [&]<typename T>(T) { bits = detail::to_bits(detail::convert_element<T>(value)); });
  return bits;
}

double element_value(std::uint64_t bits, DType dtype) {
  const detail::FloatEnvironment environment;
  double value = 0;
  detail::visit_type(dtype, [&]<typename T>(T) {
    value = detail::convert_element<double>(detail::from_bits<T>(bits));
  });
  return value;
}

}  // namespace sinter
