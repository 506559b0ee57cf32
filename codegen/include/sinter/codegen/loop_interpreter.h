// Runs a LoopNest lane by lane, without any backend: a wrong schedule is found here.
#pragma once

#include <cstdint>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>

namespace sinter {

/// Same contract as the compiled kernel. Also asserts what a kernel may assume: unmasked vector
/// loops cover whole steps, and streaming stores and the single accesses of a thread are aligned,
/// indices have the bits that the nest says, and a scratch block is given and aligned where the
/// nest needs one. A nest for a GPU ignores the range, and its threads run one after another. Slow.
SINTER_API void interpret(const LoopNest& nest, const KernelArguments& arguments,
                          std::int64_t begin, std::int64_t end);

}  // namespace sinter
