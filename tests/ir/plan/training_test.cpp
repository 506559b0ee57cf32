// The plan of a training step: a network of two layers, softmax cross-entropy and Adam, forward and
// backward pass in one graph. Checks the number of kernels and the values kept for the backward
// pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>

#include "support/fuzz.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kPixels = 64;
constexpr std::int64_t kHidden = 128;
constexpr std::int64_t kDigits = 10;

enum class Activation : std::uint8_t { leaky_relu, negative_slope, relu, prelu };

Value apply(Activation activation, const Value& x, const Value& slope) {
  switch (activation) {
    case Activation::leaky_relu: return x.leaky_relu(0.01);
    case Activation::negative_slope: return x.leaky_relu(-0.01);
    case Activation::relu: return x.relu();
    case Activation::prelu: return x.prelu(slope);
  }
  return x;
}

struct Step {
  Graph graph;
  Value loss;
};

Step training_step(Activation activation) {
  Step step;
  Graph& graph = step.graph;
  const Value x = graph.input("x", DType::f32, {kBatch, kPixels});
  const Value labels = graph.input("labels", DType::i32, {kBatch});
  const Value rate = graph.input("rate", DType::f32, {});
  std::vector<Value> weights;
  std::vector<std::string> names;
  const auto add = [&](std::string name, const Shape& shape) {
    weights.push_back(graph.input(name, DType::f32, shape));
    names.push_back(std::move(name));
    return weights.back();
  };
  const Value w1 = add("w1", {kPixels, kHidden});
  const Value b1 = add("b1", {kHidden});
  const Value slope = activation == Activation::prelu ? add("slope", {1}) : Value();
  const Value w2 = add("w2", {kHidden, kDigits});
  const Value b2 = add("b2", {kDigits});

  const Value hidden = apply(activation, x.mm(w1) + b1, slope);
  const Value logits = hidden.mm(w2) + b2;
  const Value numbers = graph.iota(DType::i32, {kBatch, kDigits}, 1);
  const Value target = numbers.equal(labels.reshape({kBatch, 1})).convert(DType::f32);
  step.loss = (logits.logsumexp(-1) - (logits * target).sum(-1)).mean();
  const std::vector<Value> d = gradients(step.loss, weights);
  graph.output("loss", step.loss);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Value mean = graph.input(names[i] + ".mean", DType::f32, weights[i].shape());
    const Value square = graph.input(names[i] + ".square", DType::f32, weights[i].shape());
    const Value next_mean = mean * 0.9 + d[i] * 0.1;
    const Value next_square = square * 0.999 + d[i].square() * 0.001;
    graph.output(names[i], weights[i] - next_mean / (next_square.sqrt() + 1e-8) * rate);
    graph.output(names[i] + ".mean", next_mean);
    graph.output(names[i] + ".square", next_square);
  }
  return step;
}

Plan plan_of(Activation activation) {
  const PlanLimits limits{.product_rows = 168, .product_row_bytes = 1024};
  return plan_graph(training_step(activation).graph, limits, Fuse::all);
}

/// Returns, by node of the plan's graph, whether the loss depends on the node.
std::vector<bool> forward_values(const Plan& plan) {
  std::vector<bool> forward(plan.graph.nodes().size());
  forward[plan.graph.outputs()[0].node.index] = true;
  for (std::size_t i = forward.size(); i-- > 0;) {
    if (!forward[i]) continue;
    for (NodeId operand : plan.graph.nodes()[i].inputs()) forward[operand.index] = true;
  }
  return forward;
}

/// Returns the bytes of the temporaries that the forward pass keeps for the backward pass: masks
/// and values on which the loss depends, if a kernel that writes no such value reads them.
std::int64_t bytes_kept(const Plan& plan) {
  const std::vector<bool> forward = forward_values(plan);
  std::vector<bool> kept(plan.buffers.size());
  for (const PlanKernel& kernel : plan.kernels) {
    const bool backward = std::ranges::any_of(kernel.outputs, [&](const PlanOperand& output) {
      return !forward[plan.buffers[output.buffer.index].node.index];
    });
    const bool also_forward = std::ranges::any_of(kernel.outputs, [&](const PlanOperand& output) {
      return forward[plan.buffers[output.buffer.index].node.index];
    });
    for (const PlanOperand& input : kernel.inputs) {
      if (backward && !also_forward) kept[input.buffer.index] = true;
    }
  }
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const PlanBuffer& buffer = plan.buffers[i];
    const bool temporary = buffer.kind == PlanBuffer::Kind::temporary;
    const bool is_mask = buffer.dtype == DType::boolean;
    if (!kept[i] || !temporary || !(is_mask || forward[buffer.node.index])) continue;
    bytes += buffer.shape.elements() * info(buffer.dtype).bytes;
  }
  return bytes;
}

/// Bytes that torch.autograd keeps: the activation's operand, its result (the operand of the next
/// layer), and the logarithms of the softmax.
constexpr std::int64_t kTorchKeeps = 4 * kBatch * (2 * kHidden + kDigits);

TEST(TrainingPlan, IsSevenKernels) {
  for (const Activation activation :
       {Activation::leaky_relu, Activation::negative_slope, Activation::relu, Activation::prelu}) {
    EXPECT_EQ(plan_of(activation).kernels.size(), 7U) << print(plan_of(activation));
  }
}

TEST(TrainingPlan, KeepsTheResultWhereItsSignSuffices) {
  for (const Activation activation : {Activation::leaky_relu, Activation::relu}) {
    const Plan plan = plan_of(activation);
    EXPECT_EQ(bytes_kept(plan), 4 * kBatch * kHidden);
    EXPECT_LE(2 * bytes_kept(plan), kTorchKeeps);
    EXPECT_NE(print(plan).find(
                  "in kernel 3 from temporary 0; keeps 8192 bytes fewer, costs 8192 operations"),
              std::string::npos)
        << print(plan);
  }
}

/// Under a negative slope, the result does not tell the sign of x. The backward pass needs only
/// that sign: a byte for each element.
TEST(TrainingPlan, KeepsAMaskUnderANegativeSlope) {
  const Plan plan = plan_of(Activation::negative_slope);
  EXPECT_EQ(bytes_kept(plan), (4 + 1) * kBatch * kHidden);
  EXPECT_NE(print(plan).find("moves 16384 bytes; kept from kernel 0 to 3, a mask in place of the "
                             "32768 bytes of add"),
            std::string::npos)
      << print(plan);
}

/// The gradient of a learnt slope reads x, which also tells the sign. The kernel of dx writes the
/// gradients of slope and bias, too.
TEST(TrainingPlan, KeepsTheOperandOfALearntSlope) {
  const Plan plan = plan_of(Activation::prelu);
  EXPECT_EQ(bytes_kept(plan), 2 * 4 * kBatch * kHidden);
  EXPECT_NE(print(plan).find("the result of greater, in kernel 3"), std::string::npos);
  const auto writes = [&](std::string_view name) {
    for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
      for (const PlanOperand& output : plan.kernels[k].outputs) {
        const PlanBuffer& buffer = plan.buffers[output.buffer.index];
        const bool is_output = buffer.kind == PlanBuffer::Kind::output;
        if (is_output && plan.graph.outputs()[buffer.position].name == name) return k;
      }
    }
    return plan.kernels.size();
  };
  EXPECT_EQ(writes("slope"), writes("b1"));
  const auto& outputs = plan.kernels[writes("slope")].outputs;
  EXPECT_TRUE(std::ranges::any_of(outputs, [&](const PlanOperand& output) {
    return plan.buffers[output.buffer.index].shape == Shape{kBatch, kHidden};
  })) << "the kernel should also write dx";
}

TEST(TrainingPlan, HasTheBitsOfTheGraph) {
  for (const Activation activation :
       {Activation::leaky_relu, Activation::negative_slope, Activation::relu, Activation::prelu}) {
    const Graph graph = training_step(activation).graph;
    const std::vector<TensorData> inputs = random_inputs(graph, 3);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    const std::vector<TensorData> got = run_plan(plan_of(activation), inputs);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(first_difference(got[i], expected[i]), -1) << graph.outputs()[i].name;
    }
  }
}

}  // namespace
}  // namespace sinter::test
