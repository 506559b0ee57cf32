// Backend: the interface to one kind of device: code generation, compilation, launches, memory.
// backends.cpp chooses one for an engine; no other file includes a header of their folders.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/device.h>
#include <sinter/runtime/executable.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/view.h>

namespace sinter::detail {

struct Program;

/// One kernel as loops, and the iteration space that they cover.
struct Lowered {
  LoopNest nest;
  LoopSpace space;
  double nanoseconds = 0;  ///< estimated time on one thread; see estimate_nanoseconds
};

/// Schedules kernels for one target and prints their code. Needs no device, has no state, and is
/// thread-safe.
class CodeGenerator {
 public:
  virtual ~CodeGenerator() = default;
  /// The limits within which the planner makes kernels.
  [[nodiscard]] virtual PlanLimits plan_limits() const = 0;
  /// The loops of a kernel body of primitives. `frame` is that of its PlanKernel.
  [[nodiscard]] virtual Lowered schedule(const Graph& body, const KernelFrame& frame) const = 0;
  /// The numbers that its schedules use, as text.
  [[nodiscard]] virtual std::string model() const = 0;
  /// True if `text` supports `stage`, which comes after Stage::loops.
  [[nodiscard]] virtual bool shows(Stage stage) const = 0;
  /// The code of a kernel at `stage`, which `shows` supports. `symbol` is the name of its function.
  [[nodiscard]] virtual std::string text(const LoopNest& nest, Stage stage,
                                         const std::string& symbol) const = 0;
};

/// Machine code of one kernel. Unloaded with its last owner. Owns a reference to its JIT or device.
class MachineCode {
 public:
  virtual ~MachineCode() = default;
  /// The function of a kernel on a CPU; null if only its backend can call the code.
  [[nodiscard]] virtual KernelFunction entry() const { return nullptr; }
};

/// Memory of a device, or of the host. Thread-safe for reads.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  [[nodiscard]] virtual void* data() const = 0;  ///< null if there are 0 bytes
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  [[nodiscard]] virtual Device device() const = 0;
  /// Copies to or from the beginning. `host` has at most bytes() bytes.
  virtual void write(std::span<const std::byte> host) = 0;
  virtual void read(std::span<std::byte> host) const = 0;
  /// Fills the memory with copies of `element`; bytes() is a multiple of its size.
  virtual void fill(std::span<const std::byte> element);
};

/// Fills `to` with copies of `element`.
void repeat(std::span<const std::byte> element, std::span<std::byte> to);

/// A program bound to buffers that have been checked: the implementation of Call.
class BoundProgram {
 public:
  explicit BoundProgram(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  virtual ~BoundProgram() = default;
  BoundProgram(const BoundProgram&) = delete;
  BoundProgram& operator=(const BoundProgram&) = delete;

  virtual void run(const RunOptions& how) = 0;
  /// See Call::direct.
  [[nodiscard]] virtual DirectCall direct() const = 0;

 protected:
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  std::shared_ptr<const Program> program_;
};

/// One device for the programs of an engine. Thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual Device device() const = 0;
  /// What Engine::target returns.
  [[nodiscard]] virtual const Target& target() const = 0;
  [[nodiscard]] virtual const CodeGenerator& generator() const = 0;
  /// Compiles and loads a kernel. Adds the times of emit, codegen and link to `times`. Throws
  /// Error: internal if a compiler or linker fails, limit_exceeded if the device has no memory for
  /// the code.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) const = 0;
  /// Size of the pool of host threads that launches need if EngineOptions::threads is `asked`. In
  /// both, 0 stands for one per CPU that the process may use.
  [[nodiscard]] virtual int threads(int asked) const { return asked; }
  /// False if this machine cannot execute the generated code.
  [[nodiscard]] virtual bool runs_here() const { return true; }

  /// Runs a program on buffers that Program::check has accepted.
  virtual void run(const Program& program, std::span<const ConstTensorView> inputs,
                   std::span<const TensorView> outputs, const RunOptions& how) const = 0;
  [[nodiscard]] virtual std::unique_ptr<BoundProgram> bind(
      std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
      std::span<const TensorView> outputs) const = 0;

  /// Memory for a tensor. Throws Error(limit_exceeded) if there is not enough; the message may
  /// contain `what()`.
  [[nodiscard]] virtual std::unique_ptr<DeviceMemory> allocate(
      std::size_t bytes, const std::function<std::string()>& what) const = 0;
  /// Memory for Engine::allocate. Throws Error(unsupported) if programs run in the host's memory.
  [[nodiscard]] virtual std::unique_ptr<DeviceMemory> allocate_on_device(std::size_t bytes) const;
};

}  // namespace sinter::detail
