// The verifier of plans: it refuses a plan with one fault, and its message names the fault.
#include <gtest/gtest.h>

#include <functional>

#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

namespace sinter::test {
namespace {

constexpr std::string_view kBug = "sinter made a plan that cannot run, which is a bug in sinter: ";

/// Returns the reason for which `verify` refuses a plan, or "" if it accepts the plan.
std::string reason(const Plan& plan) {
  try {
    verify(plan);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with(kBug)) << what;
    return what.substr(kBug.size(), what.find('\n') - kBug.size());
  }
  return "";
}

/// Checks that `verify` accepts the plan. Returns the reason for which it is refused after
/// `change`.
std::string reason(Plan plan, const std::function<void(Plan&)>& change) {
  EXPECT_EQ(reason(plan), "");
  change(plan);
  return reason(plan);
}

/// Returns a plan with one kernel for each op: a = relu(x), b = a^2, c = b + late, and then
/// y = f64(a - b) / f64(c).
Plan steps() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1024});
  const Value a = x.relu();
  const Value b = a.square();
  const Value c = b + graph.input("late", DType::f32, {1});
  graph.output("y", (a - b).convert(DType::f64) / c.convert(DType::f64));
  return plan_graph(graph, {}, Fuse::none);
}

/// Returns a plan that concatenates x and -x in the output "y". Other kernels read x from there.
Plan joined() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 8}).relu();
  graph.output("y", Value::concat({x, -x}, 1));
  graph.output("z", x.sum());
  return plan_graph(graph, {}, Fuse::none);
}

PlanBuffer& temporary(Plan& plan, std::size_t i) {
  return plan.buffers[plan.graph.inputs().size() + plan.graph.outputs().size() + i];
}

TEST(VerifyPlan, ShowsThePlan) {
  Plan plan = steps();
  std::swap(plan.kernels[0], plan.kernels[1]);
  try {
    verify(plan);
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(
        std::string(error.what()),
        std::string(kBug) + "kernel 0 reads temporary 0, which kernel 1 writes\n\n" + print(plan));
  }
}

TEST(VerifyPlan, RefusesReferencesToNothing) {
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[0].inputs[0].buffer = {99}; }),
            "a kernel names a buffer that is not in the plan");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[0].inputs.clear(); }),
            "a kernel has other operands than its body");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[2].parameters = {7}; }),
            "a kernel has other operands than its body");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.buffers[0].shape = {3}; }),
            "a buffer is not 'x' as the graph declares it");
}

TEST(VerifyPlan, RefusesReadsOfWhatNoEarlierKernelWrote) {
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels.erase(plan.kernels.begin()); }),
            "kernel 0 reads temporary 0, which no kernel writes");
  EXPECT_EQ(reason(joined(), [](Plan& plan) { std::swap(plan.kernels[0], plan.kernels[1]); }),
            "kernel 0 reads output \"y\", which kernel 1 writes");
  EXPECT_EQ(reason(joined(), [](Plan& plan) { plan.kernels[1].inputs[0].offset = 8; }),
            "kernel 1 reads output \"y\", which kernel 1 writes");
}

TEST(VerifyPlan, RefusesWhatLiesBeyondABufferOrIsOfAnotherDtype) {
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[0].outputs[0].offset = 1; }),
            "kernel 0 writes f32[1024] of temporary 0 from element 1, beyond its ends");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[0].inputs[0].offset = -1; }),
            "kernel 0 reads f32[1024] of input \"x\" from element -1, beyond its ends");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { temporary(plan, 0).dtype = DType::i32; }),
            "kernel 0 writes temporary 0 as f32");
}

TEST(VerifyPlan, RefusesWhatIsNotWrittenOnce) {
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels[0].outputs[0].buffer = {0}; }),
            "kernel 0 writes input \"x\"");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.kernels.pop_back(); }),
            "no kernel writes output \"y\"");
  EXPECT_EQ(reason(joined(), [](Plan& plan) { plan.kernels[1].outputs[0].offset = 0; }),
            "the elements of output \"y\" are not written once each");
  EXPECT_EQ(reason(joined(), [](Plan& plan) { plan.kernels[1].outputs[0].offset = 7; }),
            "the elements of output \"y\" are not written once each");
}

TEST(VerifyPlan, RefusesOutputsOfShapesThatAKernelDoesNotWalk) {
  const auto add_row = [](Plan& plan) {
    PlanKernel& kernel = plan.kernels[0];
    kernel.body.output("row", kernel.body.iota(DType::f32, {8}));
    kernel.outputs.push_back(kernel.outputs[0]);
  };
  EXPECT_EQ(reason(joined(), add_row),
            "kernel 0 writes [8], but its outputs or reductions have other shapes");
}

TEST(VerifyPlan, RefusesToOverwriteWhatAProductReads) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 8});
  graph.output("y", x.relu().mm(x) + x);
  const auto change = [](Plan& plan) {
    for (PlanOperand& input : plan.kernels.back().inputs) input.in_place = true;
  };
  EXPECT_EQ(reason(plan_graph(graph, {}, Fuse::all), change),
            "kernel 0 reads input \"x\" for a product, but allows it to be overwritten");
}

// --- Memory --------------------------------------------------------------------------------------

TEST(VerifyPlan, RefusesTemporariesOverEachOther) {
  EXPECT_EQ(
      reason(steps(), [](Plan& plan) { temporary(plan, 1).offset = temporary(plan, 0).offset; }),
      "temporary 0 and temporary 1 overlap, and kernel 1 needs both");
}

TEST(VerifyPlan, RefusesTemporariesOutsideTheirMemory) {
  EXPECT_EQ(reason(steps(), [](Plan& plan) { plan.workspace_bytes = 64; }),
            "temporary 2 lies from byte 0 to 4096 of 64");
  EXPECT_EQ(reason(steps(), [](Plan& plan) { temporary(plan, 0).offset = 4; }).substr(0, 33),
            "temporary 0 lies from byte 4 to 4");
}

/// Returns the reason for the plan of `steps` if temporary `i` lies in buffer `host`.
std::string reason_within(std::uint32_t host, std::size_t i, bool donated) {
  Plan plan = steps();
  if (donated) plan.graph.donate(plan.graph.value(plan.graph.inputs()[host].node));
  temporary(plan, i).within = BufferId{host};
  temporary(plan, i).offset = 0;
  return reason(plan);
}

TEST(VerifyPlan, RefusesTemporariesInMemoryThatIsInUse) {
  EXPECT_EQ(reason_within(0, 1, false), "temporary 1 lies in input \"x\", which is not donated");
  EXPECT_EQ(reason_within(0, 1, true), "");
  EXPECT_EQ(reason_within(0, 0, true), "") << "its kernel reads x in the same order";
  EXPECT_EQ(reason_within(1, 1, true), "temporary 1 lies from byte 0 to 4096 of 4");
  EXPECT_EQ(reason_within(3, 1, false),
            "temporary 1 lies in temporary 0, which is a temporary itself");
}

TEST(VerifyPlan, RefusesTemporariesOverInputsThatTheirKernelReadsInAnotherOrder) {
  const auto over_x = [](Plan& plan) {
    plan.graph.donate(plan.graph.value(plan.graph.inputs()[0].node));
    temporary(plan, 0).within = BufferId{0};
    temporary(plan, 0).offset = 0;
  };
  EXPECT_EQ(reason(steps(), over_x), "");
  const std::string still_read = "temporary 0 lies in input \"x\", which is still read";
  EXPECT_EQ(reason(steps(),
                   [&](Plan& plan) {
                     over_x(plan);
                     plan.kernels[0].inputs[0].in_place = false;
                   }),
            still_read);
  Graph turned;
  const Value x = turned.input("x", DType::f32, {32, 32});
  turned.output("y", x.transpose().exp().sum());
  EXPECT_EQ(reason(plan_graph(turned, {}, Fuse::none), over_x), still_read);
  Graph halved;
  const Value wide = halved.input("x", DType::f32, {2, 32});
  halved.output("y", wide.slice(0, 1, 2).exp().sum());
  EXPECT_EQ(reason(plan_graph(halved, {}, Fuse::none), over_x), still_read);
}

/// Returns the reason for an unfused plan whose second temporary lies in the output. The output is
/// of `dtype`, and an op near the end reads an input of shape `late`.
std::string reason_in_output(DType dtype, const Shape& late) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {16});
  const Value b = (x.relu() + 1).square();
  graph.output("y", (b + graph.input("late", DType::f32, late)).convert(dtype));
  Plan plan = plan_graph(graph, {}, Fuse::none);
  temporary(plan, 1).within = BufferId{2};
  temporary(plan, 1).offset = 0;
  return reason(plan);
}

/// Returns the reason for an unfused plan whose second temporary lies in a donated input.
std::string reason_in_input(DType dtype, std::int64_t stride) {
  Graph graph;
  const Value x = graph.input("x", dtype, {64}, {stride});
  graph.donate(x);
  graph.output("y", (x.slice(0, 0, 16).convert(DType::f32) + 1).square());
  Plan plan = plan_graph(graph, {}, Fuse::none);
  temporary(plan, 1).within = BufferId{0};
  temporary(plan, 1).offset = 0;
  return reason(plan);
}

TEST(VerifyPlan, RefusesTemporariesInOutputsThatCannotHoldThem) {
  EXPECT_EQ(reason_in_output(DType::f32, {1}), "");
  EXPECT_EQ(reason_in_output(DType::f32, {16}),
            "temporary 1 lies in output \"y\", which may be an input that is still read");
  EXPECT_EQ(reason_in_output(DType::i8, {16}), "temporary 1 lies from byte 0 to 64 of 16");
  EXPECT_EQ(reason_within(2, 5, false),
            "temporary 5 lies in output \"y\", which is written before it is free");
}

TEST(VerifyPlan, RefusesTemporariesInInputsThatCannotHoldThem) {
  EXPECT_EQ(reason_in_input(DType::i32, 1), "");
  EXPECT_EQ(reason_in_input(DType::i8, 1),
            "temporary 1 lies in input \"x\", which need not be aligned to its elements");
  EXPECT_EQ(reason_in_input(DType::i32, 2), "temporary 1 lies in input \"x\", which has strides");
}

}  // namespace
}  // namespace sinter::test
