// Helpers for tests of machine code: the targets that run on this machine, one kernel compiled by
// CpuJit, and the comparison of its results with the interpreter's.
#pragma once

#include "../../runtime/llvm/jit.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/fuzz/portable_target.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/runtime/engine.h>

#include "codegen/run_nest.h"
#include "support/op_uses.h"

namespace sinter::detail {

/// The target of this machine, the named targets that it can run, and x86-64-v3 without extensions.
inline std::vector<Target> targets_here() {
  std::vector<Target> targets{host_target()};
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    if (runs_here(Target::parse(name))) targets.push_back(Target::parse(name));
  }
  if (targets.size() > 1) targets.push_back(fuzz::portable(targets[1]));
  return targets;
}

/// A graph that fits in one kernel, compiled and called without an Engine.
class CompiledKernel {
 public:
  CompiledKernel(const Graph& graph, const Target& target, bool streaming = false)
      : body_(lowered(graph)), space_(collapse(body_)) {
    const LoopNest nest = schedule_cpu(body_, space_, target, {.streaming = streaming});
    verify(nest);
    scratch_bytes_ = sinter::scratch_bytes(nest);
    CompileTimes times;
    code_ = make_jit(target)->compile(nest, times);
    for (const DType dtype : nest.parameter_dtypes) {
      parameters_.push_back(element_bits(body_.parameters()[parameters_.size()], dtype));
    }
  }

  void run(std::span<void* const> buffers) const { run(buffers, 0, space_.parallel_extent()); }
  void run(std::span<void* const> buffers, std::int64_t begin, std::int64_t end) const {
    test::KernelBuffer scratch(DType::u8, {scratch_bytes_}, {}, 0);
    const KernelArguments arguments{buffers.data(),        space_.extents.data(),
                                    space_.strides.data(), parameters_.data(),
                                    scratch.data(),        0};
    code_->entry()(&arguments, begin, end);
    EXPECT_TRUE(scratch.intact()) << "the kernel wrote outside its scratch block";
  }

  [[nodiscard]] std::vector<TensorData> run(std::vector<TensorData> inputs) const {
    std::vector<TensorData> outputs;
    for (const GraphOutput& output : body_.outputs()) {
      outputs.push_back(TensorData::zeros(body_.node(output.node).dtype, body_.shape(output.node)));
    }
    std::vector<void*> buffers;
    for (TensorData& input : inputs) buffers.push_back(input.bytes.data());
    for (TensorData& output : outputs) buffers.push_back(output.bytes.data());
    run(buffers);
    return outputs;
  }

 private:
  static Graph lowered(const Graph& graph) {
    const Graph wide = widen(graph, Rounding::at_store);
    return expand(wide, wide.parameters());
  }

  Graph body_;
  LoopSpace space_;
  std::shared_ptr<const MachineCode> code_;
  std::vector<std::uint64_t> parameters_;
  std::int64_t scratch_bytes_ = 0;
};

/// Returns the first difference between `kernel`, which is `graph` compiled for `target`, and the
/// interpreter; "" if all outputs are equal.
inline std::string difference(const Graph& graph, const Target& target,
                              const CompiledKernel& kernel, const std::vector<TensorData>& inputs) {
  const std::vector<TensorData> expected = interpret(graph, inputs);
  const std::vector<TensorData> got = kernel.run(inputs);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int64_t at = first_difference(expected[i], got[i]);
    if (at == -1) continue;
    return "output " + graph.outputs()[i].name + " differs at element " + std::to_string(at) +
           " on " + target.name;
  }
  return "";
}

using test::tensor_of;

}  // namespace sinter::detail
