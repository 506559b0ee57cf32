// The training step of the example: its plan, and the bytes that it keeps for the backward pass.
#include <string>

#include <gtest/gtest.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/plan.h>

#include "network.h"
#include "step_plan.h"
#include "support/golden.h"

namespace sinter::test {
namespace {

Plan plan_of(const Activation& activation) {
  const Graph step = training_step(Network(activation), 64, {});
  return plan_graph(step, Target::parse("x86-64-v3").plan_limits(), Fuse::all);
}

TEST(TrainingStep, IsPlannedAsItsGoldenFileSays) {
  const Plan plan = plan_of(activations()[1]);
  const std::string kept = std::to_string(kept_for_backward(plan)) + " bytes kept for backward\n";
  expect_golden("examples/training_step_plan.txt", kept + print(plan));
}

TEST(TrainingStep, KeepsNoMoreThanInputAndOutputOfTheActivationAndAMask) {
  constexpr std::int64_t kHidden = 64 * Network::kHidden * 4;
  constexpr std::int64_t kLogits = 64 * Network::kDigits * 4;
  for (const Activation& activation : activations()) {
    const std::int64_t kept = kept_for_backward(plan_of(activation));
    EXPECT_GE(kept, kHidden / 32) << activation.name;
    EXPECT_LE(kept, 2 * kHidden + kHidden / 4 + 2 * kLogits) << activation.name;
  }
}

}  // namespace
}  // namespace sinter::test
