// Compiles through codegen's LLVM half and links with JITLink into slabs of this process.
//
// Kernels call nothing and are called by address only, so there are no symbol tables and no
// sessions: one object, one link graph, one piece of memory that goes back when its owner does.
// Code and its constants share read-execute pages, and pieces lie side by side in large
// reservations, so that tens of thousands of kernels need a handful of mappings.
#include "cpu_jit.h"

#include <mutex>
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
  LinkedCode(std::shared_ptr<OrcJit> jit, Linked linked)
      : jit_(std::move(jit)),
        memory_(std::move(linked.memory)),
        entry_(linked.entry.toPtr<KernelFunction>()) {}
  ~LinkedCode() override;
  LinkedCode(const LinkedCode&) = delete;
  LinkedCode& operator=(const LinkedCode&) = delete;

  [[nodiscard]] KernelFunction entry() const override { return entry_; }

 private:
  std::shared_ptr<OrcJit> jit_;
  Allocation memory_;
  KernelFunction entry_;
};

class OrcJit final : public CpuJit {
 public:
  explicit OrcJit(const Target& target)
      : target_(target),
        memory_(unwrap(Memory::CreateWithMapper<llvm::orc::InProcessMemoryMapper>(kSlabBytes),
                       "memory for machine code")) {
    give_back(make_target_machine(target));
  }

  std::shared_ptr<const MachineCode> compile(const LoopNest& nest, CompileTimes& times) override {
    Stopwatch watch;
    llvm::LLVMContext context;
    context.setDiscardValueNames(true);
    const std::unique_ptr<llvm::Module> module = emit_llvm(nest, target_, kSymbol, context);
    watch.lap(times.emit);
    std::unique_ptr<llvm::TargetMachine> machine = take_machine();
    const std::string object = emit_object(*module, *machine);
    give_back(std::move(machine));
    watch.lap(times.codegen);
    Linked linked = link(object);
    watch.lap(times.link);
    return std::make_shared<LinkedCode>(std::static_pointer_cast<OrcJit>(shared_from_this()),
                                        std::move(linked));
  }

  void release(Allocation memory) {
    // Fails only where the operating system refuses to unprotect pages; they are lost then.
    if (llvm::Error error = memory_->deallocate(std::move(memory))) {
      llvm::consumeError(std::move(error));
    }
  }

 private:
  std::unique_ptr<llvm::TargetMachine> take_machine() {
    {
      const std::lock_guard lock(mutex_);
      if (!machines_.empty()) {
        auto machine = std::move(machines_.back());
        machines_.pop_back();
        return machine;
      }
    }
    return make_target_machine(target_);
  }

  void give_back(std::unique_ptr<llvm::TargetMachine> machine) {
    const std::lock_guard lock(mutex_);
    machines_.push_back(std::move(machine));
  }

  Linked link(const std::string& object) {
    Linked result;
    auto graph = unwrap(jitlink::createLinkGraphFromObject(llvm::MemoryBufferRef(object, kSymbol)),
                        "linking");
    jitlink::link(std::move(graph), std::make_unique<LinkContext>(*memory_, result));
    if (result.error) fail_from(std::move(result.error), "linking");
    return result;
  }

  Target target_;
  std::unique_ptr<Memory> memory_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<llvm::TargetMachine>> machines_;  // as many as ever compiled at once
};

LinkedCode::~LinkedCode() { jit_->release(std::move(memory_)); }

}  // namespace

bool serves_cpus() { return true; }

std::shared_ptr<CpuJit> CpuJit::make(const Target& target) {
  return std::make_shared<OrcJit>(target);
}

}  // namespace sinter::detail
