// Runs a plan kernel by kernel through the interpreter, and checks on the way that it may run so.
#pragma once

#include <span>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>

namespace sinter::test {

/// The body of a kernel with the values of the parameters that the plan's graph holds.
[[nodiscard]] Graph body_with_parameters(const Plan& plan, const PlanKernel& kernel);

/// The outputs of the plan. Adds a test failure when a kernel reads a buffer that nobody has
/// written or whose memory in the workspace has been written over.
[[nodiscard]] std::vector<TensorData> run_plan(const Plan& plan,
                                               std::span<const TensorData> inputs);

}  // namespace sinter::test
