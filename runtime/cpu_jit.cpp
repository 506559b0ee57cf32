// Compiles through codegen's LLVM half and links with JITLink into slabs of this process.
//
// Kernels call nothing and are called by address only, so there are no symbol tables and no
// sessions: one object, one link graph, one piece of memory that goes back when its owner does.
// Code and its constants share read-execute pages, and pieces lie side by side in large
// reservations, so that tens of thousands of kernels need a handful of mappings.
#include "cpu_jit.h"

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
constexpr std::size_t kSlabBytes = std::size_t{1} << 20;

/// The one place where LLVM's errors become ours.
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

/// Links one object. JITLink calls back in this thread, before `link` returns.
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

/// What one process compiles with.
struct Workshop {
  std::uint32_t process = 0;  ///< none yet
  std::shared_ptr<Memory> memory;
  std::vector<std::unique_ptr<llvm::TargetMachine>> machines;  ///< as many as ever compiled at once
};

class OrcJit final : public CpuJit {
 public:
  explicit OrcJit(const Target& target) : target_(target) {
    const LlvmScope llvm;
    static_cast<void>(memory());
    give_back(make_target_machine(target));
  }
  ~OrcJit() override {
    const auto workshop = workshop_.lock();
    leave_to_parent(*workshop);
    if (workshop->memory == nullptr) return;  // a child that has compiled nothing
    const LlvmScope llvm;
    workshop->machines.clear();
    workshop->memory.reset();
  }
  OrcJit(const OrcJit&) = delete;
  OrcJit& operator=(const OrcJit&) = delete;

  std::shared_ptr<const MachineCode> compile(const LoopNest& nest, CompileTimes& times) override {
    // Made first: once code is linked nothing fails, so nothing is lost.
    const auto code =
        std::make_shared<LinkedCode>(std::static_pointer_cast<OrcJit>(shared_from_this()));
    LlvmScope llvm;
    code->take(link(emit(nest, times), times));
    llvm.has_compiled();
    return code;
  }

  /// Gives back what `process` linked: nothing unless it is this one.
  void release(Allocation memory, std::uint32_t process) {
    if (!memory) return;
    if (process != process_epoch()) {
      static_cast<void>(memory.release());
      return;
    }
    const LlvmScope llvm;
    // Fails only where the operating system refuses to unprotect pages; they are lost then.
    if (llvm::Error error = this->memory()->deallocate(std::move(memory))) {
      llvm::consumeError(std::move(error));
    }
  }

 private:
  /// The memory of another process is neither used nor freed: its locks may be taken.
  static void leave_to_parent(Workshop& workshop) {
    if (workshop.process == process_epoch() || workshop.memory == nullptr) return;
    new (&workshop) Workshop();
  }

  std::shared_ptr<Memory> memory() {
    const auto workshop = workshop_.lock();
    leave_to_parent(*workshop);
    if (workshop->memory == nullptr) {
      workshop->memory =
          unwrap(Memory::CreateWithMapper<llvm::orc::InProcessMemoryMapper>(kSlabBytes),
                 "memory for machine code");
      workshop->process = process_epoch();
    }
    return workshop->memory;
  }

  std::unique_ptr<llvm::TargetMachine> take_machine() {
    {
      const auto workshop = workshop_.lock();
      if (!workshop->machines.empty()) {
        auto machine = std::move(workshop->machines.back());
        workshop->machines.pop_back();
        return machine;
      }
    }
    return make_target_machine(target_);
  }

  void give_back(std::unique_ptr<llvm::TargetMachine> machine) {
    workshop_.lock()->machines.push_back(std::move(machine));
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
  Guarded<Workshop> workshop_;
};

LinkedCode::~LinkedCode() { jit_->release(std::move(memory_), process_); }

// --- LLVM's tables
// --------------------------------------------------------------------------------

constinit ForkSafeMutex first_compile;
constinit std::atomic<bool> compiled_before{false};
constinit std::atomic<bool> torn{false};  ///< in this process, for ever
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

bool serves_cpus() { return true; }

std::shared_ptr<CpuJit> CpuJit::make(const Target& target) {
  return std::make_shared<OrcJit>(target);
}

}  // namespace sinter::detail
