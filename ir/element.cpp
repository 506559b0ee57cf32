// Elements as words: memory's bytes, zero-extended.
#include <sinter/ir/element.h>

#include <cstring>

#include "primitives.h"

namespace sinter {

std::uint64_t element_bits(double value, DType dtype) {
  std::uint64_t bits = 0;
  detail::visit_type(
      dtype, [&]<typename T>(T) { bits = detail::to_bits(detail::convert_element<T>(value)); });
  return bits;
}

double element_value(std::uint64_t bits, DType dtype) {
  double value = 0;
  detail::visit_type(dtype, [&]<typename T>(T) {
    value = detail::convert_element<double>(detail::from_bits<T>(bits));
  });
  return value;
}

}  // namespace sinter
