// gradients() of whole random graphs against an independent reverse mode. It takes the values of
// all nodes from the interpreter and partial derivatives from finite differences of single ops. To
// follow elements through structural ops and reductions, it runs these ops on tensors of positions.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

using Numbers = std::vector<double>;
using Positions = std::vector<std::int64_t>;

Numbers numbers(const TensorData& data) {
  const auto values = data.as<double>();
  return {values.begin(), values.end()};
}

/// Returns a tensor whose elements are first, first + 1, ...
TensorData positions(const Shape& shape, std::int64_t first = 0) {
  TensorData data = TensorData::zeros(DType::i64, shape);
  const auto elements = data.as<std::int64_t>();
  std::iota(elements.begin(), elements.end(), first);
  return data;
}

/// Thrown if finite differences of two step sizes disagree: next to a corner or jump, or out of
/// range.
struct Unclear {};

/// Returns the value of every node.
std::vector<TensorData> values_of(const Graph& graph, std::span<const TensorData> inputs) {
  Graph all = graph.clone();
  const auto count = static_cast<std::uint32_t>(graph.nodes().size());
  const std::size_t before = all.outputs().size();
  for (std::uint32_t i = 0; i < count; ++i) all.output("n" + std::to_string(i), all.value({i}));
  std::vector<TensorData> results = interpret(all, inputs);
  results.erase(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(before));
  return results;
}

class ReverseMode {
 public:
  ReverseMode(const Graph& graph, std::span<const TensorData> inputs)
      : graph_(graph), values_(values_of(graph, inputs)) {}

  /// Computes the gradients of the scalar `loss` by all nodes. Throws Unclear.
  void run(NodeId loss) {
    sums_.assign(graph_.nodes().size(), {});
    sums_[loss.index] = {{1}, {1}};
    for (std::uint32_t i = loss.index + 1; i-- > 0;) {
      if (!sums_[i].gradient.empty()) step({i});
    }
  }

  /// The gradient by a node, and the sum of the magnitudes of its contributions.
  struct Sum {
    Numbers gradient;
    Numbers magnitude;
  };
  [[nodiscard]] const Sum& sum(NodeId id) const { return sums_[id.index]; }

 private:
  void step(NodeId id) {
    const Node& node = graph_.node(id);
    if (!is_floating(node.dtype)) return;
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const bool flows =
          is_floating(graph_.node(node.operands[i]).dtype) && !info(node.op).operands[i].attribute;
      if (!flows || node.op == Op::detach) continue;
      const bool reduces = info(node.op).kind == OpKind::reduction;
      if (reduces && ReductionAttributes::of(graph_, id).chunk > 0)
        continue;  // only the planner makes it
      if (node.op == Op::bitcast || node.op == Op::raw_bitcast) continue;
      switch (info(node.op).kind) {
        case OpKind::leaf: break;
        case OpKind::primitive:
        case OpKind::composite: through_elements(id, i); break;
        case OpKind::reduction: through_reduction(id); break;
        case OpKind::product: through_product(id, i); break;
        case OpKind::structural: through_structure(id, i); break;
      }
    }
  }

  /// Computes node `id` alone. Its tensors are `data`, which may have another dtype than the node's
  /// operands; its attributes are parameters.
  [[nodiscard]] TensorData alone(NodeId id, std::span<const TensorData> data) const {
    const Node& node = graph_.node(id);
    Graph graph;
    std::vector<Value> operands;
    std::vector<TensorData> inputs;
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      if (info(node.op).operands[i].attribute) {
        const bool counts = data[0].dtype == DType::i64;
        const double number = counts ? -1 : values_[node.operands[i].index].as<double>()[0];
        operands.push_back(graph.parameter(number, data[0].dtype));
      } else {
        operands.push_back(graph.input("x" + std::to_string(i), data[i].dtype, data[i].shape));
        inputs.push_back(data[i]);
      }
    }
    Attributes attributes = graph_.attributes(id);
    graph.output("y", Value::apply(node.op, operands, attributes));
    return interpret(graph, inputs)[0];
  }

  /// Returns, for every element of `shape`, the position of the element of a tensor of shape `from`
  /// that is broadcast to it.
  [[nodiscard]] static Positions repeated(const Shape& from, const Shape& shape) {
    Graph graph;
    graph.output("y", graph.input("x", DType::i64, from).broadcast_to(shape));
    const TensorData data = positions(from);
    const TensorData result = interpret(graph, std::span(&data, 1))[0];
    const auto elements = result.as<std::int64_t>();
    return {elements.begin(), elements.end()};
  }

  void add(NodeId to, std::int64_t element, double contribution, double magnitude) {
    Sum& sum = sums_[to.index];
    const std::size_t count = values_[to.index].as<double>().size();
    sum.gradient.resize(count);
    sum.magnitude.resize(count);
    sum.gradient[static_cast<std::size_t>(element)] += contribution;
    sum.magnitude[static_cast<std::size_t>(element)] += std::abs(magnitude);
  }

  /// Difference quotients d y / d operand i for each element of y, for a step up and a step down.
  struct Differences {
    Numbers up, down;
    [[nodiscard]] double middle(std::size_t e) const { return (up[e] + down[e]) / 2; }
  };
  [[nodiscard]] Differences differences(NodeId id, std::size_t i, double size) const {
    std::vector<TensorData> data;
    for (NodeId operand : graph_.node(id).inputs()) data.push_back(values_[operand.index]);
    const Numbers x = numbers(data[i]);
    const Numbers y = numbers(values_[id.index]);
    const Positions from = repeated(graph_.shape(graph_.node(id).operands[i]), graph_.shape(id));
    const auto quotients = [&](double direction) {
      Numbers steps;
      for (double at : x) steps.push_back(direction * size * std::max(1.0, std::abs(at)));
      for (std::size_t e = 0; e < x.size(); ++e) data[i].as<double>()[e] = x[e] + steps[e];
      Numbers result = numbers(alone(id, data));
      for (std::size_t e = 0; e < result.size(); ++e) {
        result[e] = (result[e] - y[e]) / steps[static_cast<std::size_t>(from[e])];
      }
      return result;
    };
    return {quotients(1), quotients(-1)};
  }

  void through_elements(NodeId id, std::size_t i) {
    const NodeId operand = graph_.node(id).operands[i];
    const Differences fine = differences(id, i, 3e-6);
    const Differences coarse = differences(id, i, 2e-5);
    const Positions from = repeated(graph_.shape(operand), graph_.shape(id));
    const Numbers y = numbers(values_[id.index]);
    const Sum own = sums_[id.index];
    for (std::size_t e = 0; e < from.size(); ++e) {
      if (own.magnitude[e] == 0) continue;
      const double partial = fine.middle(e);
      const double scale = 1 + std::abs(partial);
      const bool corner = std::abs(fine.up[e] - fine.down[e]) > 1e-3 * scale;
      const bool drowned = std::abs(y[e]) > 1e4 * scale;
      if (corner || drowned || !(std::abs(partial - coarse.middle(e)) <= 1e-6 * scale))
        throw Unclear();
      add(operand, from[e], own.gradient[e] * partial, own.magnitude[e] * scale);
    }
  }

  void through_structure(NodeId id, std::size_t i) {
    const Node& node = graph_.node(id);
    std::vector<TensorData> data;
    std::int64_t first = 0;
    std::int64_t own_first = 0;
    for (std::size_t k = 0; k < node.operand_count; ++k) {
      if (k == i) own_first = first;
      data.push_back(positions(graph_.shape(node.operands[k]), first));
      first += graph_.shape(node.operands[k]).elements();
    }
    const TensorData moved = alone(id, data);
    const std::int64_t count = graph_.shape(node.operands[i]).elements();
    const Sum own = sums_[id.index];
    for (std::size_t e = 0; e < own.gradient.size(); ++e) {
      const std::int64_t from = moved.as<std::int64_t>()[e] - own_first;
      if (from < 0 || from >= count) continue;  // another operand's, or pad's fill value
      add(node.operands[i], from, own.gradient[e], own.magnitude[e]);
    }
  }

  /// Elements [m, k] of a and [k, n] of b are multiplied for element [m, n]. The batch axes of both
  /// may be broadcast.
  void through_product(NodeId id, std::size_t i) {
    const Shape& shape = graph_.shape(id);
    const NodeId a = graph_.node(id).operands[0];
    const NodeId b = graph_.node(id).operands[1];
    const std::int64_t inner = graph_.shape(a)[graph_.shape(a).rank() - 1];
    Shape of_a = shape;
    of_a[shape.rank() - 1] = inner;
    Shape of_b = shape;
    of_b[shape.rank() - 2] = inner;
    const Positions from_a = repeated(graph_.shape(a), of_a);
    const Positions from_b = repeated(graph_.shape(b), of_b);
    const Sum own = sums_[id.index];
    const auto columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
    const auto rows = static_cast<std::size_t>(shape[shape.rank() - 2]);
    const auto depth = static_cast<std::size_t>(inner);
    for (std::size_t e = 0; e < own.gradient.size(); ++e) {
      const std::size_t row = e / columns;
      for (std::size_t k = 0; k < depth; ++k) {
        const std::int64_t at_a = from_a[row * depth + k];
        const std::int64_t at_b = from_b[(row / rows * depth + k) * columns + e % columns];
        const NodeId to = i == 0 ? a : b;
        const auto other = static_cast<std::size_t>(i == 0 ? at_b : at_a);
        const double factor = values_[(i == 0 ? b : a).index].as<double>()[other];
        add(to, i == 0 ? at_a : at_b, own.gradient[e] * factor, own.magnitude[e] * factor);
      }
    }
  }

  void through_reduction(NodeId id) {
    const Node& node = graph_.node(id);
    const NodeId operand = node.operands[0];
    const Dims axes = graph_.attributes(id).lists[0];
    Shape kept = graph_.shape(operand);
    for (std::int64_t axis : axes) kept[static_cast<int>(axis)] = 1;
    const Positions to = repeated(kept, graph_.shape(operand));
    const Numbers x = numbers(values_[operand.index]);
    const Numbers y = numbers(values_[id.index]);
    const Sum own = sums_[id.index];
    for (std::size_t e = 0; e < x.size(); ++e) {
      const auto row = static_cast<std::size_t>(to[e]);
      if (std::isnan(y[row])) throw Unclear();
      double partial = node.op == Op::reduce_prod ? 1 : 0;
      double extremes = 0;
      for (std::size_t other = 0; other < x.size(); ++other) {
        if (to[other] != to[e]) continue;
        extremes += x[other] == y[row];
        if (node.op == Op::reduce_prod && other != e) partial *= x[other];
      }
      if (node.op == Op::reduce_sum) partial = 1;
      const bool extreme = node.op == Op::reduce_min || node.op == Op::reduce_max;
      if (extreme && x[e] == y[row]) partial = 1 / extremes;
      add(operand, to_element(e), own.gradient[row] * partial, own.magnitude[row] * partial);
    }
  }
  static std::int64_t to_element(std::size_t e) { return static_cast<std::int64_t>(e); }

  const Graph& graph_;
  std::vector<TensorData> values_;  ///< by node
  std::vector<Sum> sums_;
};

std::vector<TensorData> usual_inputs(const Graph& graph, std::uint64_t seed) {
  std::vector<TensorData> inputs = random_inputs(graph, seed);
  Random random(seed);
  for (TensorData& input : inputs) {
    if (input.dtype != DType::f64) continue;
    for (double& element : input.as<double>()) {
      element = (0.1 + 1.4 * random.unit()) * (random.one_in(3) ? -1 : 1);
    }
  }
  return inputs;
}

/// Counts of what happened to the random graphs.
struct Tally {
  int unclear = 0;
  int independent = 0;
  int compared = 0;
  std::map<Op, int> ops;  ///< number of nodes by op, in graphs that were compared
};

/// Compares a gradient with the reference. Returns the number of elements compared.
int expect_near(const Numbers& got, const ReverseMode::Sum& sum, const std::string& where) {
  int compared = 0;
  for (std::size_t e = 0; e < got.size(); ++e) {
    const double want = sum.gradient.empty() ? 0 : sum.gradient[e];
    const double scale = sum.gradient.empty() ? 0 : sum.magnitude[e];
    if (!std::isfinite(scale)) continue;
    EXPECT_NEAR(got[e], want, 1e-5 * scale) << "element " << e << ", " << where;
    if (testing::Test::HasFailure()) return compared;
    ++compared;
  }
  return compared;
}

void compare(std::uint64_t seed, Tally& tally) {
  const RandomGraphOptions options{
      .min_ops = 3, .max_ops = 12, .max_elements = 30, .gradients = false, .floating = DType::f64};
  Graph graph = random_graph(seed, options);
  const Value value = graph.value(graph.outputs()[0].node);
  if (value.dtype() != DType::f64) return;
  const Value loss = value.sum();
  const std::vector<TensorData> inputs = usual_inputs(graph, seed);
  ReverseMode expected(graph, inputs);
  try {
    expected.run(loss.id());
  } catch (const Unclear&) {
    ++tally.unclear;
    return;
  }
  for (const GraphInput& input : std::vector(graph.inputs().begin(), graph.inputs().end())) {
    if (graph.node(input.node).dtype != DType::f64) continue;
    const ReverseMode::Sum& sum = expected.sum(input.node);
    Graph with = graph.clone();
    try {
      with.output("d", gradients(with.value(loss.id()), {with.value(input.node)})[0]);
    } catch (const Error&) {
      for (double gradient : sum.gradient) ASSERT_EQ(gradient, 0) << print(graph);
      ++tally.independent;
      continue;
    }
    const Numbers got = numbers(interpret(with, inputs).back());
    tally.compared += expect_near(
        got, sum, "by " + input.name + ", seed " + std::to_string(seed) + "\n" + print(with));
    if (testing::Test::HasFailure()) return;
    if (!got.empty() && !sum.gradient.empty() && sum.gradient[0] != 0) {
      for (const Node& node : graph.nodes()) ++tally.ops[node.op];
    }
  }
}

/// A random graph in which some ops are recorded twice; each user picks one of the two records.
/// Record number `cut`, if given, is replaced by an input.
class Repeated {
 public:
  Repeated(const Graph& from, std::uint64_t seed, std::optional<std::size_t> cut = {})
      : from_(from), random_(seed), cut_(cut) {
    for (std::uint32_t i = 0; i < from.nodes().size(); ++i) record({i});
    const std::vector<NodeId>& last = copies_[from.outputs()[0].node.index];
    loss = graph.value(random_.pick(last)).sum();
  }

  Graph graph;
  Value loss;
  std::vector<Value> records;
  std::vector<NodeId> originals;  ///< by record

 private:
  void record(NodeId id) {
    const Node& node = from_.node(id);
    std::array<NodeId, kMaxOperands> operands;
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      operands[i] = random_.pick(copies_[node.operands[i].index]);
    }
    const bool repeats = node.operand_count > 0 && random_.one_in(2);
    std::vector<NodeId>& copies = copies_.emplace_back();
    for (int copy = 0; copy < (repeats ? 2 : 1); ++copy) {
      NodeId made;
      if (cut_ == records.size()) {
        made = graph.input("cut", node.dtype, from_.shape(id)).id();
      } else {
        made = graph.copy_node(from_, id, {operands.data(), node.operand_count});
      }
      copies.push_back(made);
      records.push_back(graph.value(made));
      originals.push_back(id);
    }
  }

  const Graph& from_;
  Random random_;
  std::optional<std::size_t> cut_;
  std::vector<std::vector<NodeId>> copies_;
};

/// Returns the gradient of the loss by one record, or nothing if there is none.
std::optional<Numbers> gradient_by_record(Repeated& program, std::size_t record,
                                          std::span<const TensorData> inputs) {
  try {
    program.graph.output("d", gradients(program.loss, {program.records[record]})[0]);
  } catch (const Error&) {
    return std::nullopt;
  }
  return numbers(interpret(program.graph, inputs)[0]);
}

bool is_near(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) ||
         std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

/// Compares the gradient by each record with the gradient by an input in its place. Such an input
/// equals no other record, so the walk cannot mistake one for the other.
void compare_repeated(std::uint64_t seed, Tally& tally) {
  const RandomGraphOptions options{
      .min_ops = 3, .max_ops = 10, .max_elements = 20, .gradients = false, .floating = DType::f64};
  const Graph graph = random_graph(seed, options);
  if (graph.node(graph.outputs()[0].node).dtype != DType::f64) return;
  const std::vector<TensorData> inputs = usual_inputs(graph, seed);
  const std::vector<TensorData> values = values_of(graph, inputs);
  const std::size_t count = Repeated(graph, seed).records.size();
  for (std::size_t k = 0; k < count; ++k) {
    Repeated whole(graph, seed);
    const Node record = whole.graph.node(whole.records[k].id());
    if (record.operand_count == 0 || record.dtype != DType::f64) continue;
    Repeated cut(graph, seed, k);
    std::vector<TensorData> given = inputs;
    const std::uint64_t at = cut.graph.node(cut.records[k].id()).payload;
    given.insert(given.begin() + static_cast<std::ptrdiff_t>(at), values[whole.originals[k].index]);
    const std::optional<Numbers> got = gradient_by_record(whole, k, inputs);
    const std::optional<Numbers> want = gradient_by_record(cut, k, given);
    ASSERT_EQ(got.has_value(), want.has_value()) << print(whole.graph);
    ++(got.has_value() ? tally.compared : tally.independent);
    for (std::size_t e = 0; got.has_value() && e < got->size(); ++e) {
      ASSERT_TRUE(is_near((*got)[e], (*want)[e]))
          << "by record " << k << ", element " << e << ": " << (*got)[e] << ", not " << (*want)[e]
          << ", seed " << seed << "\n"
          << print(whole.graph);
    }
  }
}

TEST(GradientWalk, TellsEqualRecordsApart) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    compare_repeated(seed, tally);
    if (HasFailure()) return;
  }
  EXPECT_GT(tally.compared, 500);
  EXPECT_GT(tally.independent, 100);
}

TEST(GradientWalk, GivesWhatAnotherReverseModeGives) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    compare(seed, tally);
    if (HasFailure()) return;
  }
  RecordProperty("unclear", tally.unclear);
  EXPECT_GT(tally.compared, 2000);
  EXPECT_GT(tally.independent, 20);
  for (const OpInfo& row : all_ops()) {
    const bool moves = row.kind == OpKind::reduction || row.kind == OpKind::structural;
    if (moves && row.rule != DTypeRule::logical && row.op != Op::view) {
      EXPECT_GT(tally.ops[row.op], 0) << row.name;
    }
  }
}

}  // namespace
}  // namespace sinter::test
