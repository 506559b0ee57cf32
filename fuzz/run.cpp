// Memory layout, guard pages and argument blocks around the ways of computing a graph.
#include <sinter/fuzz/run.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include <sinter/codegen/loop_interpreter.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include <sinter/fuzz/strided.h>

namespace sinter::fuzz {
namespace {

/// The kernel's parameters as they are in this graph.
std::vector<double> parameter_values(const PlanKernel& kernel, const Graph& graph) {
  std::vector<double> values;
  for (std::uint32_t position : kernel.parameters) values.push_back(graph.parameters()[position]);
  return values;
}

/// The nest of a GPU covers all at once.
bool has_range(const LoopNest& nest) {
  return std::ranges::any_of(nest.indices,
                             [](const Index& index) { return index.op == IndexOp::begin; });
}

void run_nest(const PlanKernel& kernel, const Graph& graph, std::span<void* const> buffers,
              const Scheduler& scheduler) {
  const std::vector<double> values = parameter_values(kernel, graph);
  const Graph body = simplify(expand(kernel.body, values));
  const LoopSpace space = collapse(body);
  const LoopNest nest = scheduler.schedule(body, space);
  verify(nest);
  std::vector<std::uint64_t> slots;
  for (std::size_t i = 0; i < values.size(); ++i) {
    slots.push_back(element_bits(values[i], nest.parameter_dtypes[i]));
  }
  const KernelArguments arguments{buffers.data(), space.extents.data(), space.strides.data(),
                                  slots.data()};
  const std::int64_t end = space.parallel_extent();
  if (end == 0 || space.inner_extent() == 0) return;
  const std::int64_t cut = has_range(nest) ? end / 3 : 0;
  interpret(nest, arguments, cut, end);
  if (cut > 0) interpret(nest, arguments, 0, cut);
}

std::string element_text(const TensorData& tensor, std::int64_t i) {
  const std::size_t size = info(tensor.dtype).bytes;
  std::uint64_t bits = 0;
  std::memcpy(&bits, tensor.bytes.data() + static_cast<std::size_t>(i) * size, size);
  return to_text(element_value(bits, tensor.dtype)) + ", bits " + std::to_string(bits);
}

/// Whether the bytes of an output that are no element's are as GuardedBuffer made them.
bool gaps_intact(const GuardedBuffer& buffer, const TensorView& view) {
  std::vector<std::byte> bytes(buffer.data(), buffer.data() + buffer.size());
  const std::int64_t size = info(view.dtype).bytes;
  const std::int64_t first = first_byte(view.dtype, view.shape, view.strides);
  for_each_element(view.shape, view.strides, [&](std::size_t, std::int64_t strided) {
    std::fill_n(bytes.data() - first + strided * size, size, std::byte{0xa5});
  });
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0xa5}; });
}

}  // namespace

std::vector<TensorData> run_guarded(const Executable& program, const Graph& graph,
                                    std::span<const TensorData> inputs, Placement placement) {
  std::vector<std::unique_ptr<GuardedBuffer>> buffers;
  const auto place = [&](DType dtype, const Shape& shape, const Strides& strides) {
    const std::size_t bytes = buffer_bytes(dtype, shape, strides);
    const std::size_t offset = placement.offset_elements * info(dtype).bytes;
    buffers.push_back(std::make_unique<GuardedBuffer>(bytes, placement.guard, offset));
    return buffers.back()->data() - first_byte(dtype, shape, strides);
  };
  std::vector<ConstTensorView> in;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorData& tensor = inputs[i];
    const Strides& strides = graph.inputs()[i].strides;
    std::byte* data = place(tensor.dtype, tensor.shape, strides);
    scatter(tensor, strides, data);
    in.push_back({data, tensor.dtype, tensor.shape, strides});
  }
  std::vector<TensorData> results;
  std::vector<TensorView> out;
  for (const GraphOutput& output : graph.outputs()) {
    const DType dtype = graph.node(output.node).dtype;
    const Shape& shape = graph.shape(output.node);
    results.push_back(TensorData::zeros(dtype, shape));
    out.push_back({place(dtype, shape, output.strides), dtype, shape, output.strides});
  }
  program.run(in, out);
  for (const auto& buffer : buffers) {
    if (!buffer->intact()) throw StrayWrite("bytes around a buffer were written");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!gaps_intact(*buffers[in.size() + i], out[i])) {
      throw StrayWrite("gaps between the elements of an output were written");
    }
    gather(static_cast<const std::byte*>(out[i].data), out[i].strides, results[i]);
  }
  return results;
}

Scheduler scheduler_for(const Target& target, bool streaming) {
  return {target.plan_limits(), [=](const Graph& body, const LoopSpace& space) {
            return schedule_cpu(body, space, target, {.streaming = streaming});
          }};
}

Scheduler scheduler_for(const GpuTarget& target) {
  return {target.plan_limits(), [=](const Graph& body, const LoopSpace& space) {
            return schedule_cuda(body, space, target);
          }};
}

std::vector<TensorData> run_nests(const Graph& graph, std::span<const TensorData> inputs,
                                  const Scheduler& scheduler) {
  PlanLimits limits = scheduler.limits;
  limits.chunked_bytes = 1;
  const Plan plan = plan_graph(graph, limits, Fuse::all);
  // 64 spare bytes and a 64-byte base, so that streaming nests find aligned addresses.
  std::vector<std::vector<std::byte>> memory;
  std::vector<void*> base;
  for (const PlanBuffer& buffer : plan.buffers) {
    memory.emplace_back(buffer_bytes(buffer.dtype, buffer.shape, buffer.strides) + 64);
    void* data = memory.back().data();
    std::size_t room = memory.back().size();
    base.push_back(static_cast<std::byte*>(std::align(64, 1, data, room)) -
                   first_byte(buffer.dtype, buffer.shape, buffer.strides));
    if (buffer.kind == PlanBuffer::Kind::input) {
      scatter(inputs[buffer.position], buffer.strides, static_cast<std::byte*>(base.back()));
    }
  }
  for (const PlanKernel& kernel : plan.kernels) {
    std::vector<void*> buffers;
    const auto place = [&](const PlanOperand& operand) {
      const std::int64_t bytes = info(plan.buffers[operand.buffer.index].dtype).bytes;
      buffers.push_back(static_cast<std::byte*>(base[operand.buffer.index]) +
                        operand.offset * bytes);
    };
    std::ranges::for_each(kernel.inputs, place);
    std::ranges::for_each(kernel.outputs, place);
    run_nest(kernel, plan.graph, buffers, scheduler);
  }
  std::vector<TensorData> results(graph.outputs().size());
  for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
    const PlanBuffer& buffer = plan.buffers[i];
    if (buffer.kind != PlanBuffer::Kind::output) continue;
    results[buffer.position] = TensorData::zeros(buffer.dtype, buffer.shape);
    gather(static_cast<const std::byte*>(base[i]), buffer.strides, results[buffer.position]);
  }
  return results;
}

std::string difference(std::span<const TensorData> expected, std::span<const TensorData> got) {
  if (expected.size() != got.size()) return "another number of outputs";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int64_t at = first_difference(expected[i], got[i]);
    if (at == -1) continue;
    if (at == -2) return "output " + std::to_string(i) + " has another dtype or shape";
    return "output " + std::to_string(i) + ", element " + std::to_string(at) + ": expected " +
           element_text(expected[i], at) + ", got " + element_text(got[i], at);
  }
  return "";
}

std::vector<Target> targets_here() {
  std::vector<Target> targets{host_target()};
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    if (const Target target = Target::parse(name); runs_here(target)) targets.push_back(target);
  }
  return targets;
}

}  // namespace sinter::fuzz
