// The classifier as graphs, its initial weights, and Adam.
#include "network.h"

#include <bit>
#include <cmath>

using sinter::DType;
using sinter::Graph;
using sinter::Shape;
using sinter::Value;

std::vector<Activation> activations() {
  std::vector<Activation> all;
  for (const double slope : {0.001, 0.01, 0.1, 0.3}) {
    char name[32];
    std::snprintf(name, sizeof name, "leaky_relu %g", slope);
    all.push_back({name, [slope](const Value& x, const Value&) { return x.leaky_relu(slope); }});
  }
  all.push_back({"relu", [](const Value& x, const Value&) { return x.relu(); }});
  all.push_back({"elu", [](const Value& x, const Value&) { return x.elu(); }});
  all.push_back({"prelu", [](const Value& x, const Value& slope) { return x.prelu(slope); }, true});
  all.push_back({"gelu", [](const Value& x, const Value&) { return x.gelu(); }});
  return all;
}

// --- Weights -------------------------------------------------------------------------------------

namespace {

/// Random numbers, uniform in [-1, 1), by SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014).
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : state_(seed) {}
  float operator()() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<float>(static_cast<std::int64_t>(z >> 40) - (1 << 23)) * 0x1p-23F;
  }

 private:
  std::uint64_t state_;
};

Weight make_weight(std::string name, const Shape& shape) {
  const auto elements = static_cast<std::size_t>(shape.elements());
  const std::vector<float> zeros(elements);
  return {std::move(name), shape, zeros, zeros, zeros};
}

}  // namespace

Network::Network(Activation of, std::uint64_t seed) : activation(std::move(of)) {
  weights.push_back(make_weight("w1", {kPixels, kHidden}));
  weights.push_back(make_weight("b1", {kHidden}));
  if (activation.learns) weights.push_back(make_weight("slope", {1}));
  weights.push_back(make_weight("w2", {kHidden, kDigits}));
  weights.push_back(make_weight("b2", {kDigits}));
  Uniform uniform(seed);
  for (Weight& weight : weights) {
    if (weight.shape.rank() == 1) continue;
    const float bound = std::sqrt(6.0F / static_cast<float>(weight.shape[0]));
    for (float& element : weight.value) element = bound * uniform();
  }
  if (activation.learns) weights[2].value[0] = 0.25F;
}

std::uint64_t Network::hash() const {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const Weight& weight : weights) {
    for (const float element : weight.value) {
      const auto bits = std::bit_cast<std::uint32_t>(element);
      for (int byte = 0; byte < 4; ++byte) {
        hash = (hash ^ ((bits >> (8 * byte)) & 0xff)) * 0x100000001b3;
      }
    }
  }
  return hash;
}

float Adam::corrected_rate(int step) const {
  // Multiplication, division and square root are exactly rounded, so the bits are the same
  // everywhere.
  double mean = 1;
  double square = 1;
  for (int i = 0; i < step; ++i) {
    mean *= mean_decay;
    square *= square_decay;
  }
  return static_cast<float>(rate * std::sqrt(1 - square) / (1 - mean));
}

// --- Graphs --------------------------------------------------------------------------------------

namespace {

struct Layers {
  Value before;  ///< operand of the activation
  Value hidden;  ///< result of the activation
  Value logits;
};

/// Records the layers. `weights` are in the order of Network::weights.
Layers forward(const Network& network, const Value& x, const std::vector<Value>& weights) {
  const std::size_t second = network.activation.learns ? 3 : 2;
  const Value before = x.mm(weights[0]) + weights[1];
  const Value hidden = network.activation.apply(before, weights[2]);
  return {before, hidden, hidden.mm(weights[second]) + weights[second + 1]};
}

/// A mask [batch, 10] that is true at the label of each image.
Value one_hot(Graph& graph, const Value& labels) {
  const std::int64_t batch = labels.shape()[0];
  const Value digits = graph.iota(DType::i32, {batch, Network::kDigits}, 1);
  return digits.equal(labels.reshape({batch, 1}));
}

}  // namespace

Graph training_step(const Network& network, int batch, const Adam& adam) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {batch, Network::kPixels});
  const Value labels = graph.input("labels", DType::i32, {batch});
  const Value rate = graph.input("rate", DType::f32, {});
  std::vector<Value> weights;
  std::vector<Value> means;
  std::vector<Value> squares;
  for (const Weight& weight : network.weights) {
    weights.push_back(graph.input(weight.name, DType::f32, weight.shape));
    means.push_back(graph.input(weight.name + ".mean", DType::f32, weight.shape));
    squares.push_back(graph.input(weight.name + ".square", DType::f32, weight.shape));
  }

  const Value logits = forward(network, x, weights).logits;
  const Value target = one_hot(graph, labels).convert(DType::f32);
  // C++ evaluates operands in unspecified order. Named values give the same graph and plan with
  // every compiler.
  const Value total = logits.logsumexp(-1);
  const Value right = (logits * target).sum(-1);
  const Value loss = (total - right).mean();
  const std::vector<Value> gradient = gradients(loss, weights);

  graph.output("loss", loss);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Value old_mean = means[i] * adam.mean_decay;
    const Value mean = old_mean + gradient[i] * (1 - adam.mean_decay);
    const Value old_square = squares[i] * adam.square_decay;
    const Value square = old_square + gradient[i].square() * (1 - adam.square_decay);
    const Value step = mean / (square.sqrt() + adam.epsilon) * rate;
    const std::string& name = network.weights[i].name;
    graph.output(name, weights[i] - step);
    graph.output(name + ".mean", mean);
    graph.output(name + ".square", square);
  }
  return graph;
}

Graph evaluation(const Network& network, int images) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {images, Network::kPixels});
  const Value labels = graph.input("labels", DType::i32, {images});
  std::vector<Value> weights;
  for (const Weight& weight : network.weights) {
    weights.push_back(graph.input(weight.name, DType::f32, weight.shape));
  }
  const auto [before, hidden, logits] = forward(network, x, weights);
  const Value highest = logits.equal(logits.amax(-1, true));
  const Value right = highest.logical_and(one_hot(graph, labels)).any(-1);
  graph.output("accuracy", right.convert(DType::f32).mean());
  graph.output("alive", before.greater(0).any(0));
  graph.output("zeros", hidden.equal(0).convert(DType::f32).mean());
  return graph;
}
