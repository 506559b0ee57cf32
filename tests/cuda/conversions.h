// Conversions of 16-bit floats, with the inputs that test their rounding: every bit pattern, and
// every tie between two neighbours.
#pragma once

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/element.h>

#include "support/op_uses.h"

namespace sinter::test {

/// All 65,536 bit patterns of a 16-bit dtype.
inline TensorData all_patterns(DType dtype) {
  TensorData data = TensorData::zeros(dtype, {1 << 16});
  for (std::uint32_t bits = 0; bits < 1U << 16; ++bits) {
    data.bytes[2 * bits] = static_cast<std::byte>(bits);
    data.bytes[2 * bits + 1] = static_cast<std::byte>(bits >> 8);
  }
  return data;
}

/// Values of type T: each finite number of a 16-bit dtype, the midpoint between it and the next
/// number, and the two neighbours in T of either.
template <typename T>
TensorData ties(DType narrow) {
  std::vector<T> values;
  for (std::uint32_t bits = 0; bits < 1U << 16; ++bits) {
    const double value = element_value(bits, narrow);
    const double next = element_value((bits + 1) & 0xffff, narrow);
    if (!std::isfinite(value)) continue;
    const double half = std::isfinite(next) ? value + (next - value) / 2 : value * (1 + 0x1p-12);
    for (const double exact : {value, half}) {
      const auto rounded = static_cast<T>(exact);
      values.push_back(rounded);
      values.push_back(std::nextafter(rounded, std::numeric_limits<T>::infinity()));
      values.push_back(std::nextafter(rounded, -std::numeric_limits<T>::infinity()));
    }
  }
  return TensorData::from<T>({values.size()}, values);
}

struct Conversion {
  OpUse use;
  TensorData input;
};

/// Every conversion from and to a 16-bit float, with the inputs that test its rounding.
inline std::vector<Conversion> conversions() {
  std::vector<Conversion> all;
  const auto add = [&](DType from, DType to, TensorData input) {
    Conversion& conversion = all.emplace_back();
    conversion.use.op = Op::convert;
    conversion.use.operands.push_back(from);
    conversion.use.to = to;
    conversion.input = std::move(input);
  };
  for (const DType narrow : {DType::f16, DType::bf16}) {
    for (const DType wide : {DType::f32, DType::f64}) add(narrow, wide, all_patterns(narrow));
    add(DType::f32, narrow, ties<float>(narrow));
    add(DType::f64, narrow, ties<double>(narrow));
  }
  return all;
}

}  // namespace sinter::test
