// Launches of a program on a GPU: parameters, the check of pointers, and the workspace.
#include "cuda/launches.h"

#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/error.h>

#include "cuda/jit.h"
#include "program.h"
#include "small_array.h"

namespace sinter::detail {
namespace {

/// Slots of a program, and parameters of a launch, that a run keeps on the stack; more are
/// allocated.
constexpr std::size_t kInlineSlots = 32;
constexpr std::size_t kInlineParameters = 64;

const CudaCode& code_of(const Kernel& kernel) {
  const auto* code = dynamic_cast<const CudaCode*>(kernel.code.get());
  SINTER_ASSERT(code != nullptr, "a GPU's engine has code for GPUs");
  return *code;
}

void* as_pointer(CudaPointer memory) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(memory));
}

unsigned blocks_of(const Kernel& kernel, const CudaKernel& code) {
  const std::int64_t blocks = block_count(code, kernel.space);
  if (blocks > std::numeric_limits<std::int32_t>::max()) {
    fail(ErrorCode::limit_exceeded,
         fmt::format("a kernel over lengths {} needs {} blocks, a launch has 2147483647 at most",
                     fmt::join(kernel.space.extents, " x "), blocks));
  }
  return static_cast<unsigned>(blocks);
}

/// Writes the address of each launch parameter. `pointers` are the kernel's buffers.
void fill_parameters(const Kernel& kernel, const CudaKernel& code, CudaPointer* pointers,
                     void** parameters) {
  // The driver only reads through these pointers.
  const auto place = [](const auto& value) {
    return const_cast<void*>(static_cast<const void*>(&value));
  };
  for (const CudaParameter& parameter : code.parameters) {
    const std::uint32_t position = parameter.position;
    switch (parameter.kind) {
      case CudaParameter::Kind::buffer: *parameters++ = pointers + position; break;
      case CudaParameter::Kind::extent:
        *parameters++ = place(kernel.space.extents[position]);
        break;
      case CudaParameter::Kind::stride:
        *parameters++ = place(kernel.space.strides[position]);
        break;
      case CudaParameter::Kind::number: *parameters++ = place(kernel.parameters[position]); break;
    }
  }
}

void launch(const CudaDevice& device, CudaFunction function, unsigned blocks, unsigned threads,
            CudaStream stream, void** parameters, const std::string& entry) {
  if (blocks == 0) return;
  device.note_launch(blocks, threads);
  const CudaResult result =
      device.driver().launch(function, blocks, 1, 1, threads, 1, 1, 0, stream, parameters, nullptr);
  if (result != 0) [[unlikely]] {
    device.check(result, fmt::format("launching {} in {} blocks of {}", entry, blocks, threads));
  }
}

void check_pointers(const CudaDevice& device, const Program& program,
                    std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) {
  const Graph& graph = program.planned->source;
  const auto check = [&](const void* data, const Shape& shape, const char* what,
                         const std::string& name) {
    if (shape.elements() > 0) device.check_pointer(data, fmt::format("{} '{}'", what, name));
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].data, inputs[i].shape, "input", graph.inputs()[i].name);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check(outputs[i].data, outputs[i].shape, "output", graph.outputs()[i].name);
  }
}

/// Memory allocated and freed in the order of the stream, so that work on the stream can use it
/// after this object is destroyed. A stream in capture supports this too.
class StreamMemory {
 public:
  StreamMemory(const CudaDevice& device, std::int64_t bytes, CudaStream stream)
      : device_(device), stream_(stream) {
    if (bytes == 0) return;
    device.check(device.driver().allocate_async(&memory_, static_cast<std::size_t>(bytes), stream),
                 fmt::format("allocating {} bytes of workspace", bytes));
  }
  ~StreamMemory() {
    if (memory_ != 0) device_.driver().release_async(memory_, stream_);
  }
  StreamMemory(const StreamMemory&) = delete;
  StreamMemory& operator=(const StreamMemory&) = delete;
  [[nodiscard]] CudaPointer get() const { return memory_; }

 private:
  const CudaDevice& device_;
  CudaStream stream_;
  CudaPointer memory_ = 0;
};

}  // namespace

void run_cuda(const CudaDevice& device, const Program& program,
              std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
              const RunOptions& options) {
  const CudaScope scope(device);
  check_pointers(device, program, inputs, outputs);
  const StreamMemory workspace(device, program.workspace_bytes, options.stream);
  SmallArray<void*, kInlineSlots> slots(program.slots());
  program.fill_slots(inputs, outputs, static_cast<std::byte*>(as_pointer(workspace.get())),
                     slots.data());
  for (const Kernel& kernel : program.kernels) {
    const CudaCode& code = code_of(kernel);
    SmallArray<CudaPointer, kInlineSlots> pointers(kernel.places.size());
    for (std::size_t i = 0; i < kernel.places.size(); ++i) {
      pointers[i] = reinterpret_cast<std::uintptr_t>(kernel.places[i].in(slots.data()));
    }
    SmallArray<void*, kInlineParameters> parameters(code.kernel().parameters.size());
    fill_parameters(kernel, code.kernel(), pointers.data(), parameters.data());
    launch(device, code.function(scope.owner()), blocks_of(kernel, code.kernel()),
           static_cast<unsigned>(code.kernel().threads), options.stream, parameters.data(),
           code.kernel().entry);
  }
}

BoundCuda::BoundCuda(std::shared_ptr<const CudaDevice> on, std::shared_ptr<const Program> bound,
                     std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs)
    : BoundProgram(std::move(bound)), device_(std::move(on)) {
  const CudaDevice& device = *device_;
  const Program& program = this->program();
  const CudaScope scope(device);
  owner_ = scope.owner();
  check_pointers(device, program, inputs, outputs);
  launches_.reserve(program.kernels.size());
  for (const Kernel& kernel : program.kernels) {
    const CudaKernel& code = code_of(kernel).kernel();
    CudaLaunch& made = launches_.emplace_back();
    made.function = code_of(kernel).function(owner_);
    made.blocks = blocks_of(kernel, code);
    made.threads = static_cast<unsigned>(code.threads);
    made.pointers.resize(kernel.places.size());
    made.parameters.resize(code.parameters.size());
    fill_parameters(kernel, code, made.pointers.data(), made.parameters.data());
  }
  workspace_.emplace(device_, static_cast<std::size_t>(program.workspace_bytes));
  std::vector<void*> slots(program.slots());
  program.fill_slots(inputs, outputs, static_cast<std::byte*>(workspace_->data()), slots.data());
  for (std::size_t k = 0; k < launches_.size(); ++k) {
    const std::vector<BufferPlace>& places = program.kernels[k].places;
    for (std::size_t i = 0; i < places.size(); ++i) {
      launches_[k].pointers[i] = reinterpret_cast<std::uintptr_t>(places[i].in(slots.data()));
    }
  }
}

DirectCall BoundCuda::direct() const {
  fail(ErrorCode::unsupported, "a direct call needs a program for a CPU, this one is for a GPU");
}

void BoundCuda::run(const RunOptions& options) {
  const CudaDevice& device = *device_;
  const CudaScope scope(device, owner_);
  for (std::size_t k = 0; k < launches_.size(); ++k) {
    CudaLaunch& one = launches_[k];
    launch(device, one.function, one.blocks, one.threads, options.stream, one.parameters.data(),
           code_of(program().kernels[k]).kernel().entry);
  }
}

}  // namespace sinter::detail
