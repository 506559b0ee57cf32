// Runs a LoopNest lane by lane, without any backend. Tests use it to find wrong schedules.
#pragma once

#include <cstdint>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>

namespace sinter {

/// Runs `nest` with the contract of the compiled kernel (KernelFunction). Slow. Also asserts what a
/// compiled kernel assumes:
///   - unmasked vector loops cover whole steps
///   - streaming stores, and the single accesses of a GPU's thread, are aligned
///   - indices fit LoopNest::index_bits
///   - a nest that needs scratch gets an aligned block
/// A nest for a GPU ignores the range. Its threads run one after another, and an access that
/// conflicts with another thread's without a barrier in between fails an assertion.
SINTER_API void interpret(const LoopNest& nest, const KernelArguments& arguments,
                          std::int64_t begin, std::int64_t end);

}  // namespace sinter
