// The buffers of a graph on a device, and a run on the device that is compared with the
// interpreter.
#pragma once

#include <span>
#include <vector>

#include <sinter/sinter.h>

#include "runtime/fixtures.h"
#include "support/fuzz.h"

namespace sinter::test {

/// The buffers of a graph on the device. `results` reads the outputs back as dense tensors.
struct DeviceTensors {
  DeviceTensors(const Engine& engine, const Graph& graph, std::span<const TensorData> inputs) {
    for (const GraphInput& input : graph.inputs()) {
      const TensorView made = add(engine, graph, input);
      std::vector<std::byte> memory(buffers.back().bytes());
      const std::int64_t first = first_byte(made.dtype, made.shape, made.strides);
      scatter(inputs[in.size()], made.strides, memory.data() - first);
      buffers.back().write(memory);
      in.push_back(made);
    }
    for (const GraphOutput& output : graph.outputs()) out.push_back(add(engine, graph, output));
  }

  [[nodiscard]] std::vector<TensorData> results() const {
    std::vector<TensorData> results;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const TensorView& view = out[i];
      const DeviceBuffer& buffer = buffers[in.size() + i];
      std::vector<std::byte> memory(buffer.bytes());
      buffer.read(memory);
      results.push_back(TensorData::zeros(view.dtype, view.shape));
      gather(memory.data() - first_byte(view.dtype, view.shape, view.strides), view.strides,
             results.back());
    }
    return results;
  }

  std::vector<DeviceBuffer> buffers;
  std::vector<ConstTensorView> in;
  std::vector<TensorView> out;

 private:
  TensorView add(const Engine& engine, const Graph& graph, const auto& declared) {
    const DType dtype = graph.node(declared.node).dtype;
    const Shape& shape = graph.shape(declared.node);
    buffers.push_back(engine.allocate(buffer_bytes(dtype, shape, declared.strides)));
    std::byte* data = static_cast<std::byte*>(buffers.back().data());
    return {data - first_byte(dtype, shape, declared.strides), dtype, shape, declared.strides,
            buffers.back().device()};
  }
};

inline void expect_as_interpreted_on_device(const Engine& engine, const Graph& graph,
                                            std::span<const TensorData> inputs,
                                            const CompileOptions& options = {}) {
  const DeviceTensors tensors(engine, graph, inputs);
  engine.compile(graph, options).run(tensors.in, tensors.out);
  expect_equal(tensors.results(), interpret(graph, inputs, options.rounding));
}

}  // namespace sinter::test
