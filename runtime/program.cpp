// How a program is made and checked: slots of buffers, chunks of kernels, and the workspace.
#include "program.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <sinter/ir/element.h>
#include <sinter/ir/float_environment.h>

#include "cache/cache.h"
#include "passes.h"

namespace sinter::detail {
namespace {

/// Maximum chunks per thread. Several chunks per thread balance the load when threads are
/// interrupted.
constexpr std::int64_t kChunksPerThread = 4;
/// Minimum time of a chunk, if a thread has several: the cost of dispatching a chunk is negligible
/// then.
constexpr double kChunkNanoseconds = 20'000;

/// Chunks of a one-dimensional kernel without a reduction begin at multiples of this many elements,
/// so that threads share no cache line of an aligned buffer.
constexpr std::int64_t kElementGrain = 64;

void set_chunks(Kernel& kernel, const Services& services) {
  kernel.extent = kernel.space.parallel_extent();
  kernel.grain = kernel.space.rank() == 1 && kernel.space.reduced == 0 ? kElementGrain : 1;
  const bool empty = kernel.extent == 0 || kernel.space.inner_extent() == 0;
  kernel.chunks = empty ? 0 : 1;
  if (empty || services.threads == 1 || kernel.nanoseconds < services.parallel_ns) return;
  // Two threads at parallel_ns, and one more for each further half of it. Several chunks for each
  // only if all threads are used: else more threads would take them.
  const double threads =
      std::min<double>(services.threads, 2 * kernel.nanoseconds / services.parallel_ns);
  const double each = kernel.nanoseconds / (threads * kChunkNanoseconds);
  const bool all = threads >= services.threads;
  const auto chunks = static_cast<std::int64_t>(
      std::floor(threads) * (all ? std::floor(std::clamp<double>(each, 1, kChunksPerThread)) : 1));
  kernel.chunks = std::min((kernel.extent + kernel.grain - 1) / kernel.grain, chunks);
}

/// Kernels run one after another, so they share the memory of scratch blocks.
void set_workspace(Program& program) {
  std::int64_t scratch = 0;
  for (Kernel& kernel : program.kernels) {
    if (kernel.scratch_bytes == 0) continue;
    kernel.scratch_blocks = std::min<std::int64_t>(kernel.chunks, program.services->threads);
    scratch = std::max(scratch, kernel.scratch_blocks * kernel.scratch_bytes);
  }
  const std::int64_t temporaries = program.planned->plan.workspace_bytes;
  program.scratch_begin =
      (temporaries + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
  program.workspace_bytes = scratch == 0 ? temporaries : program.scratch_begin + scratch;
}

/// The slot of every buffer of the plan: inputs, outputs, then temporaries in the plan's order.
std::vector<std::uint32_t> slots_of(const Plan& plan, const Signature& signature) {
  std::vector<std::uint32_t> slots;
  std::size_t temporaries = signature.inputs() + signature.outputs();
  for (const PlanBuffer& buffer : plan.buffers) {
    switch (buffer.kind) {
      case PlanBuffer::Kind::input: slots.push_back(buffer.position); break;
      case PlanBuffer::Kind::output:
        slots.push_back(static_cast<std::uint32_t>(signature.inputs()) + buffer.position);
        break;
      case PlanBuffer::Kind::temporary:
        slots.push_back(static_cast<std::uint32_t>(temporaries++));
        break;
    }
  }
  return slots;
}

template <typename T>
std::int64_t bytes_of(const std::vector<T>& vector) {
  return static_cast<std::int64_t>(vector.capacity() * sizeof(T));
}

std::int64_t bytes_of(const Program& program) {
  std::int64_t bytes = sizeof(Program) + bytes_of(program.kernels) + bytes_of(program.temporaries) +
                       bytes_of(program.parameters);
  for (const Kernel& kernel : program.kernels) {
    bytes += bytes_of(kernel.space.extents) + bytes_of(kernel.space.strides) +
             bytes_of(kernel.parameter_dtypes) + bytes_of(kernel.parameters) +
             bytes_of(kernel.places);
  }
  return bytes;
}

}  // namespace

std::shared_ptr<const Program> make_program(ProgramParts parts, std::size_t key_bytes) {
  const auto made = std::make_shared<Program>(std::move(parts));
  Program& program = *made;
  const Plan& plan = program.planned->plan;
  const std::vector<std::uint32_t> slots = slots_of(plan, program.planned->signature);
  for (const PlanBuffer& buffer : plan.buffers) {
    if (buffer.kind != PlanBuffer::Kind::temporary) continue;
    const std::uint32_t slot =
        buffer.within.has_value() ? slots[buffer.within->index] : BufferPlace::kWorkspace;
    program.temporaries.push_back({buffer.offset, slot});
  }
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    const PlanKernel& planned = plan.kernels[k];
    Kernel& kernel = program.kernels[k];
    kernel.places.reserve(planned.inputs.size() + planned.outputs.size());
    const auto add = [&](const PlanOperand& operand) {
      const std::int64_t bytes = info(plan.buffers[operand.buffer.index].dtype).bytes;
      kernel.places.push_back({operand.offset * bytes, slots[operand.buffer.index]});
    };
    std::ranges::for_each(planned.inputs, add);
    std::ranges::for_each(planned.outputs, add);
    program.most_arguments = std::max(program.most_arguments, kernel.places.size());
    set_chunks(kernel, *program.services);
  }
  set_workspace(program);
  program.entry_bytes =
      bytes_of(program) + static_cast<std::int64_t>(key_bytes) + Cache<Program>::entry_overhead();
  return made;
}

void Kernel::set_parameters(std::span<const double> values) {
  parameters.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    parameters[i] = element_bits(values[i], parameter_dtypes[i]);
  }
}

std::shared_ptr<const Program> with_parameters(std::shared_ptr<const Program> program,
                                               std::span<const double> values) {
  if (std::ranges::equal(std::as_bytes(std::span(program->parameters)), std::as_bytes(values))) {
    return program;
  }
  const FloatEnvironment environment;
  auto other = std::make_shared<Program>(*program);
  other->parameters.assign(values.begin(), values.end());
  for (std::size_t k = 0; k < other->kernels.size(); ++k) {
    const PlanKernel& planned = other->planned->plan.kernels[k];
    other->kernels[k].set_parameters(kernel_parameters(planned, values));
  }
  return other;
}

void Program::check(std::span<const ConstTensorView> inputs,
                    std::span<const TensorView> outputs) const {
  if (!services->backend->runs_here()) [[unlikely]] {
    fail(ErrorCode::unsupported,
         fmt::format("this program is made for {}, whose instructions this CPU lacks: it can be "
                     "printed, not run",
                     services->backend->target().name));
  }
  planned->signature.check(inputs, outputs, services->backend->device());
}

void Program::fill_slots(std::span<const ConstTensorView> inputs,
                         std::span<const TensorView> outputs, std::byte* workspace,
                         void** buffers) const {
  void* const* const bound = buffers;
  for (const ConstTensorView& input : inputs) *buffers++ = const_cast<void*>(input.data);
  for (const TensorView& output : outputs) *buffers++ = output.data;
  for (const BufferPlace& place : temporaries) {
    const bool own = place.slot == BufferPlace::kWorkspace;
    *buffers++ = own ? workspace + place.byte_offset : place.in(bound);
  }
}

void Program::run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                  const RunOptions& how) const {
  check(inputs, outputs);
  services->backend->run(*this, inputs, outputs, how);
}

}  // namespace sinter::detail
