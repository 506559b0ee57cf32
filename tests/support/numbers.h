// The elements of a tensor of any dtype as doubles. Elements of i64 are rounded to 53 bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/ir/element.h>
#include <sinter/ir/interpret.h>

namespace sinter::test {

[[nodiscard]] inline std::vector<double> numbers(const TensorData& tensor) {
  std::vector<double> values;
  const std::size_t bytes = info(tensor.dtype).bytes;
  for (std::size_t i = 0; i < tensor.bytes.size(); i += bytes) {
    std::uint64_t bits = 0;
    std::copy_n(tensor.bytes.data() + i, bytes, reinterpret_cast<std::byte*>(&bits));
    values.push_back(element_value(bits, tensor.dtype));
  }
  return values;
}

}  // namespace sinter::test
