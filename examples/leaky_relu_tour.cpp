// A tour of leaky_relu on tensors: the op, its forms in place, the check for dead neurons, a sweep
// over slopes, and a dense layer. Prints what the comments say; every step checks itself, and the
// program ends with 1 where one is wrong.
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

/// weight.mm(x), a column of features for every sample, or x.mm(weight), a row for every sample.
struct DenseLayer {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out, 1]
  [[nodiscard]] Tensor forward(const Tensor& x) const {
    return weight.mm(x).add(bias).leaky_relu(0.01);
  }
  [[nodiscard]] Tensor operator()(const Tensor& rows) const {
    return rows.mm(weight.transpose()).add(bias.reshape({-1})).leaky_relu(0.01);
  }
};

/// Numbers in (-1, 1) that are the same everywhere: multiples of the golden ratio, without their
/// whole part.
Tensor spread(const Engine& engine, const Shape& shape) {
  std::vector<float> numbers(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double turn = static_cast<double>(i + 1) * 0.6180339887498949;
    numbers[i] = static_cast<float>(2 * (turn - std::floor(turn)) - 1);
  }
  return engine.tensor(numbers, shape);
}

/// A hidden layer of `units` and one output, with the activation of your choice.
class Model {
 public:
  struct Options {
    std::function<Tensor(Tensor)> activation;
  };
  Model(const Engine& engine, int units, Options options)
      : hidden_(spread(engine, {4, units})),
        out_(spread(engine, {units, 1})),
        options_(std::move(options)) {}
  [[nodiscard]] Tensor operator()(const Tensor& x) const {
    return options_.activation(x.mm(hidden_)).mm(out_);
  }

 private:
  Tensor hidden_;
  Tensor out_;
  Options options_;
};

void the_op(const Engine& engine) {
  Tensor x = engine.tensor({-2, -1, 0, 1, 2});
  std::cout << "x                        " << x << '\n';
  std::cout << "x.leaky_relu()           " << x.leaky_relu() << '\n';  // [-0.02, -0.01, 0, 1, 2]
  check(to_string(x.leaky_relu()) == "[-0.02, -0.01, 0, 1, 2]", "the default slope is 0.01");

  Tensor steep = x.leaky_relu(0.2);
  std::cout << "x.leaky_relu(0.2)        " << steep << '\n';  // [-0.4, -0.2, 0, 1, 2]
  check(to_string(steep) == "[-0.4, -0.2, 0, 1, 2]", "a slope of 0.2");

  Tensor before = x + 1;  // recorded earlier: keeps what it saw
  x.leaky_relu(0.2, true);
  std::cout << "x.leaky_relu(0.2, true)  " << x << '\n';  // [-0.4, -0.2, 0, 1, 2]
  check(x.equal(steep).all().item<bool>(), "in place gives the same");
  check(to_string(before) == "[-1, 0, 1, 2, 3]", "what was recorded before");
  x.leaky_relu({.negative_slope = 0.5, .inplace = true});
  std::cout << "and again, by name       " << x << '\n';  // [-0.2, -0.1, 0, 1, 2]
  check(to_string(x) == "[-0.2, -0.1, 0, 1, 2]", "in place by name");
}

void dead_neurons(const Engine& engine) {
  const DenseLayer dense{engine.full({3, 2}, -0.5), engine.zeros({3, 1})};
  Tensor hidden = dense(engine.tensor({{1, 2}, {3, 4}}));
  std::cout << "\nhidden                   " << hidden.slice(0, 0, 1) << '\n';
  if (hidden.relu().mean() < 0.5) hidden = hidden.leaky_relu(0.1);
  std::cout << "mostly dead, so          " << hidden.slice(0, 0, 1) << '\n';
  check((hidden < 0).all().item<bool>(), "a leaky neuron is not dead");
}

void the_sweep(const Engine& engine) {
  const Tensor samples = spread(engine, {8, 4});
  std::cout << "\nslope  mean output\n";
  for (double slope : {0.001, 0.01, 0.1, 0.3}) {
    const Model model(engine, 64, {.activation = [=](Tensor x) { return x.leaky_relu(slope); }});
    std::cout << slope << "  " << model(samples).mean() << '\n';
  }
}

void dense_layers(const Engine& engine) {
  const DenseLayer dense{engine.tensor({{1, -1}, {0.5, 2}, {-1, -1}}),
                         engine.tensor({{0}, {1}, {0.5}})};
  const Tensor rows = engine.tensor({{1, 2}, {3, -4}});
  const Tensor columns = dense.forward(rows.transpose());
  std::cout << "\nweight.mm(x) + bias, bias [out, 1]\n" << columns << '\n';
  std::cout << "x.mm(weight) + bias, bias [out]\n" << dense(rows) << '\n';
  check(dense(rows).equal(columns.transpose()).all().item<bool>(), "both forms are one layer");
}

}  // namespace

int main() {
  const Engine engine;
  the_op(engine);
  dead_neurons(engine);
  the_sweep(engine);
  dense_layers(engine);
  return wrong == 0 ? 0 : 1;
}
