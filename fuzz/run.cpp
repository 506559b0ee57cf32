// Memory layout, guard pages and kernel arguments of the ways to compute a graph.
#include <sinter/fuzz/run.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include <sinter/codegen/loop_interpreter.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include <sinter/fuzz/code_size.h>
#include <sinter/fuzz/strided.h>

namespace sinter::fuzz {
namespace {

/// Values of the kernel's parameters in this graph.
std::vector<double> parameter_values(const PlanKernel& kernel, const Graph& graph) {
  std::vector<double> values;
  for (std::uint32_t position : kernel.parameters) values.push_back(graph.parameters()[position]);
  return values;
}

/// True if the nest has a parallel range. A nest for a GPU has none: it covers all indices.
bool has_range(const LoopNest& nest) {
  return std::ranges::any_of(nest.indices,
                             [](const Index& index) { return index.op == IndexOp::begin; });
}

void run_nest(const PlanKernel& kernel, const Graph& graph, std::span<void* const> buffers,
              const Scheduler& scheduler) {
  const std::vector<double> values = parameter_values(kernel, graph);
  const Graph body = simplify(expand(kernel.body, values));
  if (kernel.frame != frame_of(body)) {
    throw std::runtime_error("the plan names another frame than this kernel has:\n" + print(body));
  }
  const LoopSpace space = collapse(body, kernel.frame, scheduler.model);
  const LoopNest nest = scheduler.schedule(body, space);
  verify(nest);
  std::vector<std::uint64_t> slots;
  for (std::size_t i = 0; i < values.size(); ++i) {
    slots.push_back(element_bits(values[i], nest.parameter_dtypes[i]));
  }
  GuardedBuffer scratch(static_cast<std::size_t>(scratch_bytes(nest)), Guard::after, 0);
  const KernelArguments arguments{buffers.data(), space.extents.data(), space.strides.data(),
                                  slots.data(),   scratch.data(),       0};
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

/// Number of interleaved outputs by element size: all of a graph, or those placed so far.
using Interleaving = std::map<std::int64_t, std::int64_t>;

Interleaving interleaving_of(const Graph& graph) {
  Interleaving counts;
  for (const GraphOutput& output : graph.outputs()) {
    ++counts[info(graph.node(output.node).dtype).bytes];
  }
  return counts;
}

/// The memory of one run: inputs, then outputs.
class GuardedMemory {
 public:
  GuardedMemory(const Graph& graph, std::span<const TensorData> inputs, const Placement& placement)
      : placement_(placement) {
    for (std::size_t i = 0; i < inputs.size(); ++i) add_input(graph.inputs()[i], inputs[i]);
    const Interleaving counts = placement.interleaved ? interleaving_of(graph) : Interleaving();
    for (const GraphOutput& output : graph.outputs()) {
      const DType dtype = graph.node(output.node).dtype;
      const Shape& shape = graph.shape(output.node);
      results_.push_back(TensorData::zeros(dtype, shape));
      if (placement.interleaved) {
        add_interleaved(dtype, shape, output.strides, counts.at(info(dtype).bytes), graph);
      } else {
        out_.push_back({place(dtype, shape, output.strides), dtype, shape, output.strides});
        buffer_of_.push_back(buffers_.size() - 1);
      }
    }
  }

  void run(const Executable& program) {
    refuse_read_only(program);
    if (placement_.bound) {
      program.bind(in_, out_)();
    } else {
      program.run(in_, out_);
    }
  }

  [[nodiscard]] std::vector<TensorData> results() {
    for (const auto& buffer : buffers_) {
      if (!buffer->intact()) throw StrayWrite("bytes around a buffer were written");
    }
    for (std::size_t i = in_.size(); i < buffers_.size(); ++i) check_gaps(i);
    for (std::size_t i = 0; i < out_.size(); ++i) {
      gather(static_cast<const std::byte*>(out_[i].data), out_[i].strides, results_[i]);
    }
    return std::move(results_);
  }

 private:
  std::byte* place(DType dtype, const Shape& shape, const Strides& strides) {
    add_buffer(buffer_bytes(dtype, shape, strides), info(dtype).bytes);
    return buffers_.back()->data() - first_byte(dtype, shape, strides);
  }
  void add_buffer(std::size_t bytes, std::size_t element_bytes) {
    buffers_.push_back(std::make_unique<GuardedBuffer>(bytes, placement_.guard,
                                                       placement_.offset_elements * element_bytes));
  }

  void add_input(const GraphInput& input, const TensorData& tensor) {
    std::byte* data = place(tensor.dtype, tensor.shape, input.strides);
    scatter(tensor, input.strides, data);
    if (!input.donated) buffers_.back()->make_read_only();
    in_.push_back({data, tensor.dtype, tensor.shape, input.strides, {}, input.donated});
  }

  void add_interleaved(DType dtype, const Shape& shape, const Strides& strides, std::int64_t count,
                       const Graph& graph) {
    const std::int64_t bytes = info(dtype).bytes;
    const std::int64_t index = placed_[bytes]++;
    if (index == 0) {
      std::int64_t most = 0;
      for (const GraphOutput& output : graph.outputs()) {
        if (info(graph.node(output.node).dtype).bytes == bytes) {
          most = std::max(most, graph.shape(output.node).elements());
        }
      }
      add_buffer(static_cast<std::size_t>(most * count * bytes), static_cast<std::size_t>(bytes));
      shared_[bytes] = buffers_.size() - 1;
    }
    buffer_of_.push_back(shared_[bytes]);
    std::byte* first = buffers_[buffer_of_.back()]->data() + index * bytes;
    out_.push_back({first, dtype, shape, strides});
  }

  /// Checks that the program refuses read-only views of donated inputs.
  void refuse_read_only(const Executable& program) const {
    std::vector<ConstTensorView> read_only = in_;
    for (ConstTensorView& view : read_only) view.writable = false;
    const bool donates = std::ranges::any_of(in_, &ConstTensorView::writable);
    if (!donates) return;
    try {
      program.run(read_only, out_);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::invalid_buffer) return;
      throw;
    }
    throw StrayWrite("a donated input was taken though its view is read-only");
  }

  /// Throws StrayWrite if a byte of the buffer that belongs to no output element has changed.
  void check_gaps(std::size_t buffer) const {
    const GuardedBuffer& memory = *buffers_[buffer];
    std::vector<std::byte> bytes(memory.data(), memory.data() + memory.size());
    for (std::size_t i = 0; i < out_.size(); ++i) {
      if (buffer_of_[i] != buffer) continue;
      const std::int64_t size = info(out_[i].dtype).bytes;
      const std::int64_t at = static_cast<const std::byte*>(out_[i].data) - memory.data();
      for_each_element(out_[i].shape, out_[i].strides, [&](std::size_t, std::int64_t strided) {
        std::fill_n(bytes.data() + at + strided * size, size, std::byte{0xa5});
      });
    }
    if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0xa5}; })) return;
    throw StrayWrite("gaps between the elements of an output were written");
  }

  const Placement placement_;
  std::vector<std::unique_ptr<GuardedBuffer>> buffers_;
  std::vector<ConstTensorView> in_;
  std::vector<TensorView> out_;
  std::vector<std::size_t> buffer_of_;          // by output
  Interleaving placed_;                         // outputs placed so far
  std::map<std::int64_t, std::size_t> shared_;  // buffer of the outputs of an element size
  std::vector<TensorData> results_;
};

}  // namespace

Graph interleave_outputs(const Graph& graph) {
  Graph other;
  std::vector<NodeId> copies;
  std::vector<NodeId> operands;
  for (std::uint32_t i = 0; i < graph.nodes().size(); ++i) {
    operands.clear();
    for (NodeId operand : graph.nodes()[i].inputs()) operands.push_back(copies[operand.index]);
    copies.push_back(other.copy_node(graph, NodeId{i}, operands));
  }
  const Interleaving counts = interleaving_of(graph);
  for (const GraphOutput& output : graph.outputs()) {
    const Value value = other.value(copies[output.node.index]);
    Strides strides = dense_strides(value.shape());
    const std::int64_t count = counts.at(info(value.dtype()).bytes);
    for (int axis = 0; axis < strides.rank(); ++axis) strides[axis] *= count;
    other.output(output.name, value, strides);
  }
  return other;
}

std::vector<TensorData> run_guarded(const Executable& program, const Graph& graph,
                                    std::span<const TensorData> inputs, Placement placement) {
  GuardedMemory memory(graph, inputs, placement);
  memory.run(program);
  return memory.results();
}

Scheduler scheduler_for(const Target& target, bool streaming) {
  return {target.plan_limits(), target.model, [=](const Graph& body, const LoopSpace& space) {
            return schedule_cpu(body, space, target, {.streaming = streaming});
          }};
}

Scheduler scheduler_for(const GpuTarget& target) {
  return {target.plan_limits(), {}, [=](const Graph& body, const LoopSpace& space) {
            return schedule_cuda(body, space, target);
          }};
}

std::vector<LoopNest> nests_of(const Graph& graph, const Scheduler& scheduler) {
  std::vector<LoopNest> nests;
  const Plan plan = plan_graph(graph, scheduler.limits, Fuse::all);
  for (const PlanKernel& kernel : plan.kernels) {
    const Graph body = simplify(expand(kernel.body, parameter_values(kernel, plan.graph)));
    nests.push_back(scheduler.schedule(body, collapse(body, kernel.frame, scheduler.model)));
  }
  return nests;
}

std::vector<TensorData> run_nests(const Graph& graph, std::span<const TensorData> inputs,
                                  const Scheduler& scheduler) {
  PlanLimits limits = scheduler.limits;
  limits.chunked_bytes = 1;
  const Plan plan = plan_graph(graph, limits, Fuse::all);
  // Buffers are aligned to 64 bytes, so that non-temporal stores find aligned addresses.
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

void check_code_size(const Graph& graph, const Target& target) {
  for (const LoopNest& nest : nests_of(graph, scheduler_for(target, false))) {
    const CodeSize size = code_size(nest, target);
    if (size.instructions <= size.allowed) continue;
    throw LargeCode(std::to_string(size.instructions) + " instructions for " + target.name +
                    ", allowed are " + std::to_string(size.allowed) + ", for\n" + print(nest));
  }
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
