// Runs a plan kernel by kernel through the interpreter, and checks that every read is legal.
#pragma once

#include <span>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>

namespace sinter::test {

/// Returns the body of a kernel, with the parameter values of the plan's graph filled in.
[[nodiscard]] Graph body_with_parameters(const Plan& plan, const PlanKernel& kernel);

/// Returns the outputs of the plan. Adds a test failure if a kernel reads elements that are not
/// written or have been overwritten, if it overwrites what it reads (unless element by element in
/// place), or if an element of a buffer other than an input is written twice without another buffer
/// having taken its memory in between.
[[nodiscard]] std::vector<TensorData> run_plan(const Plan& plan,
                                               std::span<const TensorData> inputs);

}  // namespace sinter::test
