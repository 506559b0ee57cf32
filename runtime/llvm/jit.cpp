// CpuJit: codegen's LLVM emitter makes an object, which JITLink links into slabs of memory in this
// process.
//
// Kernels call no function and are called by address, so there is no symbol table and no ORC
// session. Each kernel is one object, one link graph and one allocation, which is freed with its
// owner. Code and its constants share read-execute pages. Allocations lie side by side in large
// reservations, so tens of thousands of kernels need only a few mappings.
#include "llvm/jit.h"

#include <atomic>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/MapperJITLinkMemoryManager.h>
#include <llvm/ExecutionEngine/Orc/MemoryMapper.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/error.h>

#include "process.h"
#include "stopwatch.h"

namespace sinter::detail {
namespace {

namespace jitlink = llvm::jitlink;
using Memory = llvm::orc::MapperJITLinkMemoryManager;
using Allocation = jitlink::JITLinkMemoryManager::FinalizedAlloc;

constexpr const char* kSymbol = "sinter_kernel";
constexpr std::size_t kSlabBytes = std::size_t{1} << 20;  ///< address space reserved at a time

/// Converts an LLVM error to Error(internal).
[[noreturn]] void fail_from(llvm::Error error, const char* what) {
  fail(ErrorCode::internal, fmt::format("{}: {}", what, llvm::toString(std::move(error))));
}

template <typename T>
T unwrap(llvm::Expected<T> value, const char* what) {
  if (!value) fail_from(value.takeError(), what);
  return std::move(*value);
}

struct Linked {
  Allocation memory;
  llvm::orc::ExecutorAddr entry;
  llvm::Error error = llvm::Error::success();
};

/// Callbacks of JITLink for one object. JITLink calls them in this thread, before `link` returns.
class LinkContext final : public jitlink::JITLinkContext {
 public:
  LinkContext(Memory& memory, Linked& result)
      : JITLinkContext(nullptr), memory_(memory), result_(result) {}

  jitlink::JITLinkMemoryManager& getMemoryManager() override { return memory_; }

  void notifyFailed(llvm::Error error) override {
    result_.error = llvm::joinErrors(std::move(result_.error), std::move(error));
  }

  void lookup(const LookupMap& symbols,
              std::unique_ptr<jitlink::JITLinkAsyncLookupContinuation> done) override {
    std::string names;
    for (const auto& symbol : symbols) names += " " + symbol.first.str();
    done->run(llvm::createStringError("a kernel calls nothing, but this one needs" + names));
  }

  llvm::Error notifyResolved(jitlink::LinkGraph& graph) override {
    for (const jitlink::Symbol* symbol : graph.defined_symbols()) {
      if (symbol->hasName() && symbol->getName() == kSymbol) result_.entry = symbol->getAddress();
    }
    return llvm::Error::success();
  }

  void notifyFinalized(Allocation memory) override { result_.memory = std::move(memory); }

  llvm::Error modifyPassConfig(jitlink::LinkGraph&, jitlink::PassConfiguration& passes) override {
    passes.PrePrunePasses.emplace_back(keep_constants_beside_code);
    return llvm::Error::success();
  }

 private:
  static llvm::Error keep_constants_beside_code(jitlink::LinkGraph& graph) {
    using llvm::BitmaskEnumDetail::operator|;
    for (jitlink::Section& section : graph.sections()) {
      section.setMemProt(llvm::orc::MemProt::Read | llvm::orc::MemProt::Exec);
    }
    return llvm::Error::success();
  }

  Memory& memory_;
  Linked& result_;
};

class OrcJit;

class LinkedCode final : public MachineCode {
 public:
  explicit LinkedCode(std::shared_ptr<OrcJit> jit) : jit_(std::move(jit)) {}
  ~LinkedCode() override;
  LinkedCode(const LinkedCode&) = delete;
  LinkedCode& operator=(const LinkedCode&) = delete;

  void take(Linked linked) {
    memory_ = std::move(linked.memory);
    entry_ = linked.entry.toPtr<KernelFunction>();
  }
  [[nodiscard]] KernelFunction entry() const override { return entry_; }

 private:
  std::shared_ptr<OrcJit> jit_;
  const std::uint32_t process_ = process_epoch();
  Allocation memory_;
  KernelFunction entry_ = nullptr;
};

/// The compile resources of one process.
struct ProcessState {
  /// process_epoch() (process.h) of the process that made `memory`; 0 if that is null.
  std::uint32_t process = 0;
  std::shared_ptr<Memory> memory;
  std::vector<std::unique_ptr<llvm::TargetMachine>> machines;  ///< idle ones
};

class OrcJit final : public CpuJit {
 public:
  explicit OrcJit(const Target& target) : target_(target) {
    const LlvmScope llvm;
    static_cast<void>(memory());
    give_back(make_target_machine(target));
  }
  ~OrcJit() override {
    const auto state = state_.lock();
    abandon_after_fork(*state);
    if (state->memory == nullptr) return;  // a forked child that has compiled nothing
    const LlvmScope llvm;
    state->machines.clear();
    state->memory.reset();
  }
  OrcJit(const OrcJit&) = delete;
  OrcJit& operator=(const OrcJit&) = delete;

  std::shared_ptr<const MachineCode> compile(const LoopNest& nest, CompileTimes& times) override {
    // Allocated first: after linking nothing can fail, so linked memory is never lost.
    const auto code =
        std::make_shared<LinkedCode>(std::static_pointer_cast<OrcJit>(shared_from_this()));
    LlvmScope llvm;
    code->take(link(emit(nest, times), times));
    llvm.has_compiled();
    return code;
  }

  /// Frees memory that `process` linked. Does nothing if that is not this process.
  void release(Allocation memory, std::uint32_t process) {
    if (!memory) return;
    if (process != process_epoch()) {
      static_cast<void>(memory.release());
      return;
    }
    const LlvmScope llvm;
    // Fails only if the operating system refuses to unprotect the pages; the pages leak then.
    if (llvm::Error error = this->memory()->deallocate(std::move(memory))) {
      llvm::consumeError(std::move(error));
    }
  }

 private:
  /// In a forked child: replaces the parent's state without freeing it, because its locks may be
  /// held.
  static void abandon_after_fork(ProcessState& state) {
    if (state.process == process_epoch() || state.memory == nullptr) return;
    new (&state) ProcessState();
  }

  std::shared_ptr<Memory> memory() {
    const auto state = state_.lock();
    abandon_after_fork(*state);
    if (state->memory == nullptr) {
      state->memory = unwrap(Memory::CreateWithMapper<llvm::orc::InProcessMemoryMapper>(kSlabBytes),
                             "memory for machine code");
      state->process = process_epoch();
    }
    return state->memory;
  }

  std::unique_ptr<llvm::TargetMachine> take_machine() {
    {
      const auto state = state_.lock();
      if (!state->machines.empty()) {
        auto machine = std::move(state->machines.back());
        state->machines.pop_back();
        return machine;
      }
    }
    return make_target_machine(target_);
  }

  void give_back(std::unique_ptr<llvm::TargetMachine> machine) {
    state_.lock()->machines.push_back(std::move(machine));
  }

  std::string emit(const LoopNest& nest, CompileTimes& times) {
    Stopwatch watch;
    llvm::LLVMContext context;
    context.setDiscardValueNames(true);
    const std::unique_ptr<llvm::Module> module = emit_llvm(nest, target_, kSymbol, context);
    watch.lap(times.emit);
    std::unique_ptr<llvm::TargetMachine> machine = take_machine();
    std::string object = emit_object(*module, *machine);
    give_back(std::move(machine));
    watch.lap(times.codegen);
    return object;
  }

  Linked link(const std::string& object, CompileTimes& times) {
    Stopwatch watch;
    Linked result;
    const std::shared_ptr<Memory> memory = this->memory();
    auto graph = unwrap(jitlink::createLinkGraphFromObject(llvm::MemoryBufferRef(object, kSymbol)),
                        "linking");
    jitlink::link(std::move(graph), std::make_unique<LinkContext>(*memory, result));
    if (result.error) fail_from(std::move(result.error), "linking");
    watch.lap(times.link);
    return result;
  }

  const Target target_;
  Guarded<ProcessState> state_;
};

LinkedCode::~LinkedCode() { jit_->release(std::move(memory_), process_); }

// --- LLVM's tables ------------------------------------------------------------------------------

constinit ForkSafeMutex first_compile;
constinit std::atomic<bool> compiled_before{false};
constinit std::atomic<bool> torn{false};  ///< LLVM's tables are incomplete in this process
thread_local int scopes = 0;

}  // namespace

LlvmScope::LlvmScope() {
  if (scopes == 0 && !compiled_before.load(std::memory_order_acquire)) {
    if (first_compile.lock()) torn.store(true, std::memory_order_relaxed);
    if (torn.load(std::memory_order_relaxed)) {
      first_compile.unlock();
      fail(ErrorCode::unsupported,
           "this process was forked while another thread of its parent compiled a kernel for the "
           "first time: it can run what was compiled before, and compile nothing. Compile one "
           "kernel before the fork, or fork before other threads compile");
    }
    locked_ = true;
  }
  ++scopes;
}

LlvmScope::~LlvmScope() {
  --scopes;
  if (locked_) first_compile.unlock();
}

void LlvmScope::has_compiled() { compiled_before.store(true, std::memory_order_release); }

bool LlvmScope::is_inside() { return scopes > 0; }

std::shared_ptr<CpuJit> make_jit(const Target& target) { return std::make_shared<OrcJit>(target); }

}  // namespace sinter::detail
