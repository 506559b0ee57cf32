// Buffers to measure on: aligned, with all pages touched, and filled with numbers far from special
// values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/runtime/view.h>

namespace sinter::bench {

/// Zeroed memory, aligned to 64 bytes. Buffers that are made one after another begin at different
/// offsets in their pages, as they do in programs: with equal offsets, loads would wait for stores
/// whose addresses differ by a multiple of 4 KiB.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(std::int64_t bytes);
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  std::byte* data_;
  std::int64_t bytes_;
};

/// Fills `memory` with elements of `dtype`: floats uniform in [-3, -0.1] and [0.1, 3], so that
/// products of a few stay far from subnormals; masks false or true. The same seed gives the same
/// data everywhere.
void fill_uniform(std::span<std::byte> memory, DType dtype, std::uint64_t seed);

/// Buffers for every input and output of a graph, in the layouts that the graph declares. Inputs
/// are filled by fill_uniform.
class GraphBuffers {
 public:
  GraphBuffers(const Graph& graph, std::uint64_t seed);
  [[nodiscard]] std::span<const ConstTensorView> inputs() const { return inputs_; }
  [[nodiscard]] std::span<const TensorView> outputs() const { return outputs_; }

 private:
  std::vector<AlignedBuffer> memory_;
  std::vector<ConstTensorView> inputs_;
  std::vector<TensorView> outputs_;
};

}  // namespace sinter::bench
