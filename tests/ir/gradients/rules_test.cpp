// Every op's gradient against central differences, in f64 in the interpreter. The test walks the op
// table: a new op fails until it has a use here or is listed as having no gradient.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// A use of an op: shapes and dtypes of its tensors (f64 unless they are masks), and the value that
/// is recorded over them.
struct Use {
  std::string name;
  std::vector<Shape> shapes;
  std::function<Value(std::span<const Value>)> build;
  std::vector<DType> dtypes = std::vector<DType>(3, DType::f64);
};

/// Range of the magnitudes of random elements, and whether elements may be negative.
struct Domain {
  double low, high;
  bool has_signs;
};
constexpr Domain kDomains[] = {{0.1, 7, true}, {0.1, 1.9, false}};

TensorData random_data(DType dtype, const Shape& shape, const Domain& domain, Random& random) {
  TensorData data = TensorData::zeros(dtype, shape);
  if (dtype == DType::boolean) {
    for (bool& element : data.as<bool>()) element = random.one_in(2);
    return data;
  }
  for (double& element : data.as<double>()) {
    element = domain.low + (domain.high - domain.low) * random.unit();
    if (domain.has_signs && random.one_in(2)) element = -element;
  }
  return data;
}

/// The graph of a loss: the weighted sum of the result of a use. Its inputs are the tensors of the
/// use and the weights.
class WeightedSum {
 public:
  explicit WeightedSum(const Use& use) {
    for (std::size_t i = 0; i < use.shapes.size(); ++i) {
      inputs_.push_back(graph_.input("x" + std::to_string(i), use.dtypes[i], use.shapes[i]));
    }
    const Value y = use.build(inputs_);
    const Value weights = graph_.input("weights", DType::f64, y.shape());
    loss_ = (y * weights).sum();
    weights_shape_ = y.shape();
  }
  [[nodiscard]] const Shape& weights_shape() const { return weights_shape_; }

  [[nodiscard]] double operator()(std::span<const TensorData> data) {
    if (graph_.outputs().empty()) graph_.output("loss", loss_);
    return interpret(graph_, data)[0].as<double>()[0];
  }
  [[nodiscard]] TensorData gradient(std::span<const TensorData> data, std::size_t i) const {
    Graph graph = graph_.clone();
    graph.output("d", gradients(graph.value(loss_.id()), {graph.value(inputs_[i].id())})[0]);
    return interpret(graph, data).back();
  }

 private:
  Graph graph_;
  std::vector<Value> inputs_;
  Value loss_;
  Shape weights_shape_;
};

/// Counts of compared elements and of those whose gradient is not 0.
struct Seen {
  int compared = 0;
  int not_zero = 0;
};

void compare(const Use& use, const Domain& domain, Seen& seen) {
  SCOPED_TRACE(use.name);
  Random random(17);
  WeightedSum sum(use);
  std::vector<TensorData> data;
  for (std::size_t i = 0; i < use.shapes.size(); ++i) {
    data.push_back(random_data(use.dtypes[i], use.shapes[i], domain, random));
  }
  data.push_back(random_data(DType::f64, sum.weights_shape(), {0.5, 1.5, true}, random));
  const double base = sum(data);
  if (!std::isfinite(base)) return;
  for (std::size_t i = 0; i < use.shapes.size(); ++i) {
    if (use.dtypes[i] != DType::f64) continue;
    const TensorData gradient = sum.gradient(data, i);
    ASSERT_EQ(gradient.shape, use.shapes[i]);
    for (std::size_t e = 0; e < gradient.as<double>().size(); ++e) {
      double& x = data[i].as<double>()[e];
      const double middle = x;
      const double step = 6e-6 * std::max(1.0, std::abs(middle));
      x = middle + step;
      const double above = sum(data);
      x = middle - step;
      const double below = sum(data);
      x = middle;
      const double difference = (above - below) / (2 * step);
      const double got = gradient.as<double>()[e];
      const double scale = 1 + std::abs(base) + std::abs(difference);
      ASSERT_NEAR(got, difference, 1e-7 * scale)
          << "operand " << i << ", element " << e << " at " << middle;
      ++seen.compared;
      if (std::abs(difference) > 1e-6 * scale) ++seen.not_zero;
    }
  }
}

// --- Uses of every op ----------------------------------------------------------------------------

/// Returns lists of operand shapes: one with equal shapes, and two in which some are broadcast.
std::vector<std::vector<Shape>> operand_shapes(std::size_t tensors) {
  std::vector<std::vector<Shape>> lists{std::vector<Shape>(tensors, {3, 5})};
  if (tensors > 1) {
    const Shape repeated[] = {{3, 5}, {5}, {3, 1}};
    lists.emplace_back(std::begin(repeated), std::begin(repeated) + static_cast<long>(tensors));
    const Shape turned[] = {{3, 1}, {2, 3, 5}, {}};
    lists.emplace_back(std::begin(turned), std::begin(turned) + static_cast<long>(tensors));
  }
  return lists;
}

void add_elementwise(const OpInfo& row, std::vector<Use>& uses) {
  std::size_t tensors = 0;
  for (int i = 0; i < row.arity; ++i)
    tensors += !row.operands[static_cast<std::size_t>(i)].attribute;
  static constexpr double kAttributes[][2] = {{-0.5, 2}, {0.3, 1.7}};
  for (const auto& attributes : kAttributes) {
    for (const std::vector<Shape>& shapes : operand_shapes(tensors)) {
      const auto build = [&row, &attributes](std::span<const Value> inputs) {
        std::vector<Value> operands;
        std::size_t attribute = 0;
        std::size_t tensor = 0;
        for (int i = 0; i < row.arity; ++i) {
          const bool number = row.operands[static_cast<std::size_t>(i)].attribute;
          operands.push_back(number ? inputs[0].scalar(attributes[attribute++]) : inputs[tensor++]);
        }
        return Value::apply(row.op, operands, {.dtype = DType::f64, .shape = Shape{2, 3, 5}});
      };
      uses.push_back({std::string(row.name), shapes, build});
      if (row.rule == DTypeRule::select) uses.back().dtypes[0] = DType::boolean;
    }
  }
}

void add_reduction(const OpInfo& row, std::vector<Use>& uses) {
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{2}, Dims{0, 1}, Dims{1, 2}, Dims{0, 1, 2}}) {
    for (std::int64_t keep : {0, 1}) {
      const auto build = [&row, axes, keep](std::span<const Value> inputs) {
        Attributes attributes;
        attributes.lists = {axes, Dims{keep}};
        return Value::apply(row.op, inputs, attributes);
      };
      uses.push_back({std::string(row.name) + to_string(axes), {{2, 3, 4}}, build});
    }
  }
}

void add_product(Op op, std::vector<Use>& uses) {
  if (op == Op::dot) return;  // made by the planner
  const std::vector<Shape> operands[] = {{{2, 3}, {3, 4}},          {{3, 2, 3}, {3, 3, 2}},
                                         {{3, 2, 3}, {3, 2}},       {{2, 3}, {3, 3, 2}},
                                         {{2, 1, 2, 3}, {3, 3, 1}}, {{2, 3}, {1, 3, 2}}};
  for (const std::vector<Shape>& shapes : operands) {
    uses.push_back(
        {"mm", shapes, [](std::span<const Value> x) { return Value::apply(Op::mm, x); }});
  }
}

void add_structural(Op op, std::vector<Use>& uses) {
  using Inputs = std::span<const Value>;
  const auto use = [&](std::vector<Shape> shapes, auto build) {
    uses.push_back({std::string(to_string(op)), std::move(shapes), build});
  };
  switch (op) {
    case Op::transpose:
      use({{2, 3, 4}}, [](Inputs x) { return x[0].transpose({2, 0, 1}); });
      use({{2, 3}}, [](Inputs x) { return x[0].transpose(); });
      break;
    case Op::reshape:
      use({{2, 6}}, [](Inputs x) { return x[0].reshape({3, 2, 2}); });
      use({{1, 1}}, [](Inputs x) { return x[0].reshape({}); });
      break;
    case Op::slice:
      use({{5, 4}}, [](Inputs x) { return x[0].slice(0, 1, 4).slice(1, 2); });
      for (std::int64_t step : {1, 2, 3, 4, 6, 7, -1, -2, -3, -6, -7}) {
        use({{2, 7}}, [=](Inputs x) { return x[0].slice(1, step > 0 ? 0 : -1, {}, step); });
        use({{7, 2}}, [=](Inputs x) { return x[0].slice(0, step > 0 ? 1 : -2, {}, step); });
        use({{2, 7, 3}}, [=](Inputs x) { return x[0].slice(1, 3, {}, step).slice(2, 2, 0, -1); });
      }
      use({{3, 4}}, [](Inputs x) { return x[0].slice(0, 3) + x[0].slice(0, 1, 1); });
      use({{3, 4}}, [](Inputs x) {
        Attributes again;  // a step of 0 along axis 1 repeats an element
        again.shape = Shape{3, 4};
        again.lists = {Dims{0, 2}, Dims{1, 0}};
        return Value::apply(Op::slice, x, again);
      });
      use({{1, 2, 1, 2, 1, 2, 1, 5}}, [](Inputs x) { return x[0].slice(-1, 0, {}, 2); });
      break;
    case Op::concat:
      use({{2, 3}, {2, 1}}, [](Inputs x) { return Value::concat({x[0], x[1], x[0]}, 1); });
      use({{2, 3}, {4, 3}}, [](Inputs x) { return Value::concat({x[0], x[1]}, 0); });
      break;
    case Op::pad: use({{2, 3}}, [](Inputs x) { return x[0].pad({1, 0}, {2, 3}, 7); }); break;
    case Op::view: break;
    default: ADD_FAILURE() << "add a use of " << to_string(op);
  }
}

/// Returns the uses of an op, or none for ops whose result is not floating or only reinterprets
/// bits.
std::vector<Use> uses_of(const OpInfo& row) {
  std::vector<Use> uses;
  switch (row.rule) {
    case DTypeRule::leaf:
    case DTypeRule::integer:
    case DTypeRule::comparison:
    case DTypeRule::logical:
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast:
    case DTypeRule::lookup: return uses;
    default: break;
  }
  switch (row.kind) {
    case OpKind::leaf: break;
    case OpKind::primitive:
    case OpKind::composite: add_elementwise(row, uses); break;
    case OpKind::reduction: add_reduction(row, uses); break;
    case OpKind::product: add_product(row.op, uses); break;
    case OpKind::structural: add_structural(row.op, uses); break;
  }
  return uses;
}

bool is_flat(Op op) {
  constexpr Op kFlat[] = {Op::floor, Op::ceil, Op::trunc, Op::round, Op::sign, Op::floor_divide};
  return std::ranges::find(kFlat, op) != std::end(kFlat);
}

TEST(GradientRules, AreCentralDifferences) {
  for (const OpInfo& row : all_ops()) {
    if (row.op == Op::detach) continue;  // its gradient is 0 by definition
    const std::vector<Use> uses = uses_of(row);
    Seen seen;
    for (const Use& use : uses) {
      for (const Domain& domain : kDomains) compare(use, domain, seen);
      if (HasFatalFailure()) return;
    }
    if (uses.empty()) continue;
    EXPECT_GE(seen.compared, 10) << row.name;
    EXPECT_EQ(seen.not_zero == 0, is_flat(row.op)) << row.name;
  }
}

/// Gradients of sums of gradients: gradients consist of ordinary ops.
TEST(GradientRules, OfGradientsAreCentralDifferences) {
  for (const OpInfo& row : all_ops()) {
    if (row.op == Op::detach || is_flat(row.op)) continue;
    Seen seen;
    for (const Use& use : uses_of(row)) {
      Use second = use;
      second.build = [&](std::span<const Value> inputs) {
        const Value& by = inputs[use.dtypes[0] == DType::boolean ? 1 : 0];
        // Squared, so that linear ops have a second derivative.
        return gradients(use.build(inputs).square().sum(), {by})[0];
      };
      compare(second, kDomains[1], seen);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace sinter::test
