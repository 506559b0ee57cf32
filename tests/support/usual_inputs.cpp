#include "support/usual_inputs.h"

#include <cstring>

#include <sinter/ir/element.h>

#include "support/fuzz.h"

namespace sinter::test {

std::vector<TensorData> usual_inputs(const Graph& graph, std::uint64_t seed, bool with_special) {
  std::vector<TensorData> inputs = random_inputs(graph, seed);
  Random random(seed);
  for (TensorData& data : inputs) {
    const std::size_t size = info(data.dtype).bytes;
    for (std::size_t at = 0; at < data.bytes.size(); at += size) {
      if (data.dtype == DType::boolean || (with_special && random.one_in(100))) continue;
      const double number = static_cast<double>(random.between(-3000, 3000)) / 1024;
      const std::uint64_t bits = element_bits(number, data.dtype);
      std::memcpy(data.bytes.data() + at, &bits, size);
    }
  }
  return inputs;
}

}  // namespace sinter::test
