// Kernels from emit_llvm in a caller's module: inlined into the caller's loop over chunks and
// optimised together with that loop. The caller refills the same argument tables for every chunk.
#include "runtime/compiled_kernel.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>

#include <sinter/codegen/llvm.h>

#include "codegen/product_kernels.h"
#include "codegen/reduction_kernels.h"
#include "codegen/run_nest.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// One chunk of the caller's work, with its own buffers and lengths.
struct Chunk {
  Graph reference;
  LoopSpace space;
  KernelMemory memory;
  std::vector<void*> buffers;
  std::vector<std::uint64_t> parameters;
};

struct Chunks {
  LoopNest nest;  ///< common to all chunks
  std::vector<std::unique_ptr<Chunk>> all;
};

/// Makes up to `count` chunks. `make(i)` is the graph of chunk i. Chunks whose nest differs from
/// that of the first chunk are left out.
Chunks make_chunks(const Target& target, int count, const std::function<Graph(int i)>& make) {
  Chunks chunks;
  for (int i = 0; i < count; ++i) {
    const Graph graph = make(i);
    const Graph wide = widen(graph, Rounding::at_store);
    const Graph body = expand(wide, wide.parameters());
    auto chunk = std::make_unique<Chunk>();
    chunk->space = collapse(body);
    LoopNest nest = schedule_cpu(body, chunk->space, target);
    if (i == 0)
      chunks.nest = std::move(nest);
    else if (key_bytes(nest) != key_bytes(chunks.nest))
      continue;
    const auto inputs = random_inputs(graph, static_cast<std::uint64_t>(i));
    chunk->memory = lay_out(graph, inputs, {});
    for (KernelBuffer& buffer : chunk->memory.buffers) chunk->buffers.push_back(buffer.data());
    chunk->parameters = parameter_slots(wide);
    chunk->reference = graph.clone();
    chunks.all.push_back(std::move(chunk));
  }
  return chunks;
}

/// The slots of one table, eight bytes each, in the order of KernelArguments.
using Tables = std::array<std::vector<std::uint64_t>, 4>;

Tables tables_of(Chunk& chunk) {
  Tables tables;
  for (void* buffer : chunk.buffers) {
    tables[0].push_back(reinterpret_cast<std::uintptr_t>(buffer));
  }
  tables[1].assign(chunk.space.extents.begin(), chunk.space.extents.end());
  tables[2].assign(chunk.space.strides.begin(), chunk.space.strides.end());
  tables[3] = chunk.parameters;
  return tables;
}

/// State of the caller. `fill` overwrites the caller's own tables with those of the next chunk.
struct Host {
  std::vector<Tables> chunks;
  Tables own;

  static void fill(Host* host, std::int64_t chunk) {
    const Tables& from = host->chunks[static_cast<std::size_t>(chunk)];
    for (std::size_t i = 0; i < from.size(); ++i) std::ranges::copy(from[i], host->own[i].begin());
  }
};

using Caller = void(const KernelArguments* own, Host* host, void (*fill)(Host*, std::int64_t),
                    const std::int64_t* ends, std::int64_t count);

/// Adds the function "caller" to the kernel's module:
/// for (number = 0; number < count; ++number) { fill(host, number); kernel(own, 0, ends[number]); }
void add_caller(llvm::Function& kernel) {
  llvm::IRBuilder<> builder(kernel.getContext());
  llvm::Type* pointer = builder.getPtrTy();
  llvm::Type* i64 = builder.getInt64Ty();
  llvm::Function* caller = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(), {pointer, pointer, pointer, pointer, i64},
                              false),
      llvm::Function::ExternalLinkage, "caller", *kernel.getParent());
  caller->copyAttributesFrom(&kernel);
  auto* entry = llvm::BasicBlock::Create(builder.getContext(), "entry", caller);
  auto* loop = llvm::BasicBlock::Create(builder.getContext(), "chunk", caller);
  auto* done = llvm::BasicBlock::Create(builder.getContext(), "done", caller);
  builder.SetInsertPoint(entry);
  builder.CreateBr(loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode* number = builder.CreatePHI(i64, 2);
  number->addIncoming(builder.getInt64(0), entry);
  auto* fill = llvm::FunctionType::get(builder.getVoidTy(), {pointer, i64}, false);
  llvm::CallInst* filled = builder.CreateCall(fill, caller->getArg(2), {caller->getArg(1), number});
  filled->setDoesNotThrow();
  filled->addFnAttr(llvm::Attribute::WillReturn);
  llvm::Value* place = builder.CreateInBoundsGEP(i64, caller->getArg(3), number);
  builder.CreateCall(&kernel,
                     {caller->getArg(0), builder.getInt64(0), builder.CreateLoad(i64, place)});
  llvm::Value* next = builder.CreateAdd(number, builder.getInt64(1));
  number->addIncoming(next, loop);
  builder.CreateCondBr(builder.CreateICmpSLT(next, caller->getArg(4)), loop, done);
  builder.SetInsertPoint(done);
  builder.CreateRetVoid();
}

void optimise(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PassBuilder passes(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager calls;
  llvm::ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(calls);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, calls, modules);
  passes.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

/// A module linked into this process. Its code lives as long as this object.
class Linked {
 public:
  Linked(llvm::orc::ThreadSafeModule module, const Target& target) {
    llvm::orc::JITTargetMachineBuilder machine{llvm::Triple(target.triple)};
    machine.setCPU(target.cpu);
    jit_ = llvm::cantFail(
        llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(machine)).create());
    jit_->getMainJITDylib().addGenerator(
        llvm::cantFail(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
            jit_->getDataLayout().getGlobalPrefix())));
    llvm::cantFail(jit_->addIRModule(std::move(module)));
  }
  [[nodiscard]] Caller* caller() { return llvm::cantFail(jit_->lookup("caller")).toPtr<Caller*>(); }

 private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
};

Linked inlined(const LoopNest& nest, const Target& target) {
  const std::unique_ptr<llvm::TargetMachine> machine = make_target_machine(target);
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module = emit_llvm(nest, target, "kernel", *context);
  module->setDataLayout(machine->createDataLayout());
  llvm::Function& kernel = *module->getFunction("kernel");
  add_caller(kernel);
  kernel.setLinkage(llvm::Function::InternalLinkage);
  kernel.addFnAttr(llvm::Attribute::AlwaysInline);
  optimise(*module, *machine);
  EXPECT_EQ(module->getFunction("kernel"), nullptr) << "the kernel is not inlined";
  return {llvm::orc::ThreadSafeModule(std::move(module), std::move(context)), target};
}

KernelArguments pointers_to(Tables& tables, void* scratch) {
  return {reinterpret_cast<void* const*>(tables[0].data()),
          reinterpret_cast<const std::int64_t*>(tables[1].data()),
          reinterpret_cast<const std::int64_t*>(tables[2].data()),
          tables[3].data(),
          scratch,
          0};
}

/// Runs all chunks in one call of the loop that the kernel is inlined into, and checks the outputs.
void expect_right_chunks(Chunks& chunks, const Target& target) {
  Host host;
  std::vector<std::int64_t> ends;
  for (const auto& chunk : chunks.all) {
    host.chunks.push_back(tables_of(*chunk));
    ends.push_back(chunk->space.parallel_extent());
  }
  host.own = host.chunks[0];
  KernelBuffer scratch = scratch_block(chunks.nest);
  const KernelArguments own = pointers_to(host.own, scratch.data());
  Linked code = inlined(chunks.nest, target);
  code.caller()(&own, &host, Host::fill, ends.data(), static_cast<std::int64_t>(ends.size()));
  for (std::size_t i = 0; i < chunks.all.size(); ++i) {
    SCOPED_TRACE("chunk " + std::to_string(i) + " of " + std::to_string(chunks.all.size()));
    expect_outputs(chunks.all[i]->reference, chunks.all[i]->memory, chunks.nest);
    if (testing::Test::HasFatalFailure()) return;
  }
}

constexpr int kChunks = 6;

void expect_right_when_inlined(const std::function<Graph(int i)>& make, const std::string& name) {
  for (const Target& target : sinter::detail::targets_here()) {
    SCOPED_TRACE(name + " on " + target.name);
    Chunks chunks = make_chunks(target, kChunks, make);
    ASSERT_GT(chunks.all.size(), 1U) << "lengths of one class should share a nest";
    expect_right_chunks(chunks, target);
    if (testing::Test::HasFailure()) return;
  }
}

std::vector<NamedKernel> elementwise_and_reductions() {
  std::vector<NamedKernel> kernels = all_kernels();
  std::ranges::copy(reduction_kernels(), std::back_inserter(kernels));
  return kernels;
}

/// The nest of a mean contains its number of elements, so pairs of chunks have the same length.
TEST(InlinedKernel, ComputesEveryChunkOfTheCallersLoop) {
  for (const NamedKernel& kernel : elementwise_and_reductions()) {
    expect_right_when_inlined([&](int i) { return kernel.make(200 - 7 * (i / 2)); }, kernel.name);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(InlinedKernel, ComputesProductsOfEveryChunk) {
  for (const bool turned : {false, true}) {
    for (const std::int64_t k : {20, 700}) {
      const auto make = [&](int i) {
        return product_body(dense_layer({30 - i / 2, 100 - 7 * (i / 2), k, turned, turned}));
      };
      expect_right_when_inlined(make, "layer over " + std::to_string(k));
      if (testing::Test::HasFailure()) return;
    }
  }
  expect_right_when_inlined([](int i) { return layer_kernel(90 - i / 2); }, "layer");
  expect_right_when_inlined([](int i) { return reduced_layer_kernel(90 - i / 2); },
                            "reduced layer");
}

TEST(InlinedKernel, ComputesEveryChunkOfRandomGraphs) {
  int kernels = 0;
  const Target target = host_target();
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomGraphOptions options;
    options.max_ops = 12;
    options.structural = false;
    const Graph graph = random_graph(seed, options);
    const Shape& shape = graph.shape(graph.outputs()[0].node);  // one kernel stores one shape
    const bool alike = std::ranges::all_of(graph.outputs(), [&](const GraphOutput& output) {
      return graph.shape(output.node) == shape;
    });
    if (!alike) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chunks chunks = make_chunks(target, 3, [&](int) { return graph.clone(); });
    expect_right_chunks(chunks, target);
    if (HasFailure()) return;
    ++kernels;
  }
  EXPECT_GT(kernels, 15);
}

}  // namespace
}  // namespace sinter::test
