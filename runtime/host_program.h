// Shared code of backends whose buffers are in the host's memory: slots, workspace, arguments. The
// backend supplies a function that launches one kernel.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <sinter/ir/float_environment.h>

#include "backend.h"
#include "host_memory.h"
#include "program.h"
#include "small_array.h"
#include "workspace.h"

namespace sinter::detail {

/// Throws Error(invalid_argument) if `how` names a stream: the host has none.
void refuse_stream(const RunOptions& how);

/// Calls launch(kernel, arguments, services) for each kernel in order.
template <typename Launch>
void run_on_host(const Program& program, std::span<const ConstTensorView> inputs,
                 std::span<const TensorView> outputs, Launch&& launch) {
  constexpr std::size_t kInlineSlots = 32;  // more are allocated
  const Workspace workspace(program.services->workspaces, program.workspace_bytes);
  SmallArray<void*, kInlineSlots> buffers(program.slots());
  program.fill_slots(inputs, outputs, workspace.data(), buffers.data());
  // Allocated before any kernel writes, because it may throw.
  SmallArray<void*, kInlineSlots> arguments(program.most_arguments);
  const FloatEnvironment environment;
  for (const Kernel& kernel : program.kernels) {
    for (std::size_t i = 0; i < kernel.places.size(); ++i) {
      arguments[i] = kernel.places[i].in(buffers.data());
    }
    launch(kernel, kernel.arguments(arguments.data(), workspace.data() + program.scratch_begin),
           *program.services);
  }
}

/// A program with buffers in the host's memory.
class HostBinding : public BoundProgram {
 public:
  HostBinding(std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
              std::span<const TensorView> outputs);
  [[nodiscard]] DirectCall direct() const override;

 protected:
  /// The arguments of each kernel, which point into workspace_ and buffers_.
  [[nodiscard]] const KernelArguments* arguments() const { return arguments_.data(); }

 private:
  Workspace workspace_;
  std::vector<void*> buffers_;  ///< pointers of all arguments, kernel by kernel
  std::vector<KernelArguments> arguments_;
};

/// Base of backends that run on the host: everything but code generation. It calls
/// launch(kernel, arguments, services) for one kernel.
template <auto launch>
class HostBackend : public Backend {
 public:
  explicit HostBackend(std::shared_ptr<Allocator> allocator) : allocator_(std::move(allocator)) {}

  [[nodiscard]] Device device() const override { return Device::cpu(); }
  void run(const Program& program, std::span<const ConstTensorView> inputs,
           std::span<const TensorView> outputs, const RunOptions& how) const override {
    refuse_stream(how);
    run_on_host(program, inputs, outputs, launch);
  }
  [[nodiscard]] std::unique_ptr<BoundProgram> bind(
      std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
      std::span<const TensorView> outputs) const override {
    return std::make_unique<Bound>(std::move(program), inputs, outputs);
  }
  [[nodiscard]] std::unique_ptr<DeviceMemory> allocate(
      std::size_t bytes, const std::function<std::string()>& what) const override {
    return std::make_unique<HostMemory>(allocator_, bytes, what);
  }

 private:
  class Bound final : public HostBinding {
   public:
    using HostBinding::HostBinding;
    void run(const RunOptions& how) override {
      refuse_stream(how);
      const FloatEnvironment environment;
      const KernelArguments* of_kernel = arguments();
      for (const Kernel& kernel : program().kernels) {
        launch(kernel, *of_kernel++, *program().services);
      }
    }
  };
  const std::shared_ptr<Allocator> allocator_;
};

}  // namespace sinter::detail
