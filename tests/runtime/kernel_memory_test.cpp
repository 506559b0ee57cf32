// Memory accesses of kernels: ranges and their tails, strides, aliases, and streaming stores.
#include "runtime/compiled_kernel.h"

#include <algorithm>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/ir/interpret.h>

namespace sinter::detail {
namespace {

/// A graph with f32, f64 and masks as inputs and as outputs.
Graph mixed_graph(std::int64_t length) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {length});
  const Value d = graph.input("d", DType::f64, {length});
  const Value m = graph.input("m", DType::boolean, {length});
  graph.output("y", m.select(x.leaky_relu(0.1), x * 2));
  graph.output("wide", x.convert(DType::f64) + d);
  graph.output("mask", x.greater(0.25).logical_xor(m));
  return graph;
}

std::vector<TensorData> mixed_inputs(std::int64_t length) {
  std::vector<double> values, bits;
  for (std::int64_t i = 0; i < length; ++i) {
    values.push_back(static_cast<double>((i * 37) % 101) / 16 - 3);
    bits.push_back(static_cast<double>((i * 5) % 7 % 2));
  }
  return {tensor_of(DType::f32, values), tensor_of(DType::f64, values),
          tensor_of(DType::boolean, bits)};
}

TEST(KernelMemory, ServesEveryTailLength) {
  for (const Target& target : targets_here()) {
    const Graph longest = mixed_graph(130);
    const std::vector<TensorData> inputs = mixed_inputs(130);
    const std::vector<TensorData> expected = interpret(longest, inputs);
    const CompiledKernel kernel(longest, target);
    for (std::int64_t length = 0; length <= 130; ++length) {
      std::vector<TensorData> got;
      std::vector<void*> buffers;
      for (const TensorData& input : inputs) {
        buffers.push_back(const_cast<std::byte*>(input.bytes.data()));
      }
      for (const TensorData& output : expected) {
        got.push_back(TensorData::zeros(output.dtype, output.shape));
        buffers.push_back(got.back().bytes.data());
      }
      kernel.run(buffers, 0, length);
      for (std::size_t i = 0; i < got.size(); ++i) {
        const auto bytes = static_cast<std::ptrdiff_t>(length * info(got[i].dtype).bytes);
        ASSERT_TRUE(std::equal(got[i].bytes.begin(), got[i].bytes.begin() + bytes,
                               expected[i].bytes.begin()))
            << target.name << ", output " << i << ", length " << length;
        ASSERT_TRUE(std::all_of(got[i].bytes.begin() + bytes, got[i].bytes.end(),
                                [](std::byte b) { return b == std::byte{0}; }))
            << target.name << " wrote past the end of output " << i << ", length " << length;
      }
    }
  }
}

TEST(KernelMemory, ReadsStridedAndRepeatedInputs) {
  for (const Target& target : targets_here()) {
    for (const DType dtype : {DType::boolean, DType::f32, DType::f64}) {
      Graph graph;
      const Shape shape{7, 45};
      const Value transposed = graph.input("transposed", dtype, shape, {1, 7});
      const Value row = graph.input("row", dtype, {45});
      const Value column = graph.input("column", dtype, {7, 1});
      const auto joined = [](const Value& a, const Value& b) {
        return is_floating(a.dtype()) ? a * b : a.logical_xor(b);
      };
      graph.output("y", joined(joined(transposed, row), column));

      const auto numbers = [&](std::size_t count) {
        std::vector<double> values;
        for (std::size_t i = 0; i < count; ++i)
          values.push_back(static_cast<double>(i * 13 % 29) - 9);
        return values;
      };
      const std::vector<double> matrix = numbers(7 * 45);
      std::vector<double> in_memory(matrix.size());
      for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 45; ++j) in_memory[j * 7 + i] = matrix[i * 45 + j];
      }
      TensorData logical = tensor_of(dtype, matrix);
      logical.shape = shape;
      TensorData column_data = tensor_of(dtype, numbers(7));
      column_data.shape = {7, 1};
      const TensorData row_data = tensor_of(dtype, numbers(45));
      const std::vector<TensorData> expected =
          interpret(graph, std::vector{logical, row_data, column_data});
      const std::vector<TensorData> got =
          CompiledKernel(graph, target).run({tensor_of(dtype, in_memory), row_data, column_data});
      EXPECT_EQ(first_difference(expected[0], got[0]), -1) << target.name << to_string(dtype);
    }
  }
}

TEST(KernelMemory, MayWriteOverItsInput) {
  for (const Target& target : targets_here()) {
    for (const bool streaming : {false, true}) {
      Graph graph;
      const Value x = graph.input("x", DType::f32, {1000});
      const Value y = graph.input("y", DType::f32, {1000});
      graph.output("sum", x + y);
      graph.output("difference", x - y);
      const std::vector<double> numbers(1000, 3);
      const std::vector<TensorData> inputs{tensor_of(DType::f32, numbers),
                                           tensor_of(DType::f32, std::vector<double>(1000, 4))};
      const std::vector<TensorData> expected = interpret(graph, inputs);
      std::vector<TensorData> memory = inputs;
      void* const a = memory[0].bytes.data();
      void* const b = memory[1].bytes.data();
      CompiledKernel(graph, target, streaming).run(std::vector<void*>{a, b, b, a});
      EXPECT_EQ(first_difference(expected[0], memory[1]), -1) << target.name;
      EXPECT_EQ(first_difference(expected[1], memory[0]), -1) << target.name;
    }
  }
}

TEST(KernelMemory, StreamsWhateverTheAlignment) {
  for (const Target& target : targets_here()) {
    const Graph graph = mixed_graph(3000);
    const CompiledKernel kernel(graph, target, /*streaming=*/true);
    const std::vector<TensorData> inputs = mixed_inputs(3000);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    for (std::size_t offset = 0; offset < 17; ++offset) {
      std::vector<void*> buffers;
      for (const TensorData& input : inputs) {
        buffers.push_back(const_cast<std::byte*>(input.bytes.data()));
      }
      std::vector<std::vector<std::byte>> outputs;
      for (const TensorData& output : expected) {
        const std::size_t shift = offset * info(output.dtype).bytes;
        outputs.emplace_back(output.bytes.size() + shift);
        buffers.push_back(outputs.back().data() + shift);
      }
      kernel.run(buffers);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        ASSERT_TRUE(std::ranges::equal(std::span(outputs[i]).last(expected[i].bytes.size()),
                                       expected[i].bytes))
            << target.name << ", output " << i << ", offset " << offset;
      }
    }
  }
}

}  // namespace
}  // namespace sinter::detail
