// A tour of leaky_relu on tensors: the op, in-place forms, a check for dead neurons, training with
// several slopes, and dense layers. Comments show the printed tensors. Every part checks its
// results; the program exits with 1 if one is wrong.
#include <cmath>
#include <functional>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

#include <sinter/sinter.h>
using namespace sinter;

namespace {

int wrong = 0;

void check(bool holds, std::string_view what) {
  if (holds) return;
  std::cout << "wrong: " << what << '\n';
  ++wrong;
}

const Engine engine;

/// A dense layer weight.mm(x) + bias, in which every sample is a column.
struct DenseLayer {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out, 1]
  [[nodiscard]] Tensor forward(const Tensor& x) const {
    return weight.mm(x).add(bias).leaky_relu(0.01);
  }
};

/// A dense layer x.mm(weight) + bias, in which every sample is a row.
struct RowLayer {
  Tensor weight;  // [in, out]
  Tensor bias;    // [out]
  [[nodiscard]] Tensor operator()(const Tensor& x) const {
    return x.mm(weight).add(bias).leaky_relu(0.01);
  }
};

/// Numbers spread over [-1, 1), the same on every machine: fractional parts of multiples of the
/// golden ratio.
Tensor spread(const Shape& shape) {
  std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double multiple = static_cast<double>(i + 1) * 0.6180339887498949;
    numbers[i] = static_cast<float>(2 * (multiple - std::floor(multiple)) - 1);
  }
  return engine.tensor(numbers, shape);
}

/// A network with a hidden layer of `units`, one output, and a given activation.
struct Model {
  struct Options {
    std::function<Tensor(Tensor)> activation;
  };
  Model(int units, Options choice)
      : hidden(spread({4, units})), out(spread({units, 1})), options(std::move(choice)) {}
  [[nodiscard]] Tensor operator()(const Tensor& x) const {
    return options.activation(x.mm(hidden)).mm(out);
  }

  Tensor hidden;
  Tensor out;
  Options options;
};

/// Trains by gradient descent to compute the absolute value of the first of four numbers. Returns
/// the loss before the first and before the last step.
std::pair<float, float> train(Model model) {
  const Tensor samples = spread({32, 4});
  const Tensor target = samples.slice(1, 0, 1).abs();
  engine.evaluate({target});
  std::vector<float> losses;
  for (int step = 0; step < 200; ++step) {
    const Tensor loss = (model(samples) - target).square().mean();
    const std::vector<Tensor> d = gradients(loss, {model.hidden, model.out});
    model.hidden -= d[0] * 0.02;
    model.out -= d[1] * 0.02;
    losses.push_back(loss.item<float>());  // runs the loss and both weights, as one plan
  }
  return {losses.front(), losses.back()};
}

void the_op() {
  Tensor x = engine.tensor({-2, -1, 0, 1, 2});
  std::cout << "x                        " << x << '\n';
  std::cout << "x.leaky_relu()           " << x.leaky_relu() << '\n';  // [-0.02, -0.01, 0, 1, 2]
  check(to_string(x.leaky_relu()) == "[-0.02, -0.01, 0, 1, 2]", "the default slope is 0.01");

  Tensor steep = x.leaky_relu(0.2);
  std::cout << "x.leaky_relu(0.2)        " << steep << '\n';  // [-0.4, -0.2, 0, 1, 2]
  check(to_string(steep) == "[-0.4, -0.2, 0, 1, 2]", "a slope of 0.2");

  Tensor before = x + 1;  // recorded before x changes, so it keeps the old value of x
  x.leaky_relu(0.2, true);
  std::cout << "x.leaky_relu(0.2, true)  " << x << '\n';  // [-0.4, -0.2, 0, 1, 2]
  check(x.equal(steep).all().item<bool>(), "in place gives the same");
  check(to_string(before) == "[-1, 0, 1, 2, 3]", "an op recorded before keeps the old value");
  x.leaky_relu({.negative_slope = 0.5, .inplace = true});
  std::cout << "and again, by name       " << x << '\n';  // [-0.2, -0.1, 0, 1, 2]
  check(to_string(x) == "[-0.2, -0.1, 0, 1, 2]", "in place by name");
}

void dead_neurons() {
  const RowLayer dense{engine.full({2, 3}, -0.5), engine.zeros({3})};
  const Tensor input = engine.tensor({{1, 2}, {3, 4}});
  Tensor hidden = dense(input);
  std::cout << "\nhidden                   " << hidden.slice(0, 0, 1) << '\n';
  if (hidden.relu().mean() < 0.5) hidden = hidden.leaky_relu(0.1);
  std::cout << "mostly dead, so          " << hidden.slice(0, 0, 1) << '\n';
  check((hidden < 0).all().item<bool>(), "a leaky neuron is not dead");
}

void the_sweep() {
  std::cout << "\nslope  loss, first and last\n";
  const Stats before = engine.stats();
  for (double slope : {0.001, 0.01, 0.1, 0.3}) {
    const auto [first, last] =
        train(Model(64, {.activation = [=](Tensor x) { return x.leaky_relu(slope); }}));
    std::cout << slope << "  " << first << "  " << last << '\n';
    check(last < first / 10, "training brings the loss down");
  }
  const auto plans = engine.stats().plans.misses - before.plans.misses;
  std::cout << "800 steps of 4 slopes, " << plans << " plans\n";
  check(plans == 2, "one plan for the target, one for all steps");
}

void dense_layers() {
  const Tensor weight = engine.tensor({{1, -1}, {0.5, 2}, {-1, -1}});
  const DenseLayer columns{weight, engine.tensor({{0}, {1}, {0.5}})};
  const RowLayer rows{weight.transpose(), engine.tensor({0, 1, 0.5})};
  const Tensor samples = engine.tensor({{1, 2}, {3, -4}});
  const Tensor by_columns = columns.forward(samples.transpose());
  const Tensor by_rows = rows(samples);
  std::cout << "\nweight.mm(x).add(bias), bias [out, 1]\n" << by_columns << '\n';
  std::cout << "x.mm(weight).add(bias), bias [out]\n" << by_rows << '\n';
  check(by_rows.equal(by_columns.transpose()).all().item<bool>(), "both forms are one layer");
}

}  // namespace

int main() {
  the_op();
  dead_neurons();
  the_sweep();
  dense_layers();
  return wrong == 0 ? 0 : 1;
}
