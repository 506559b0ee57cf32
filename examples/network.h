// A classifier of digits with one hidden layer, its training step and its evaluation, as graphs.
//
//   hidden = activation(x w1 + b1);  logits = hidden w2 + b2
//   loss   = the mean over the batch of logsumexp(logits) - logits[label]
//
// Layers and the optimiser are users of the library like any other program: a step is one graph, of
// which `gradients` writes the backward half.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sinter/sinter.h>

/// What stands between the layers. `learnt` is the slope of prelu, a weight like the others.
struct Activation {
  std::string name;
  std::function<sinter::Value(const sinter::Value& x, const sinter::Value& learnt)> apply;
  bool learns = false;
};

/// leaky_relu with the slopes that are usually tried, and its siblings.
[[nodiscard]] std::vector<Activation> activations();

/// One tensor that is trained, with the two moments that Adam keeps of its gradient.
struct Weight {
  std::string name;
  sinter::Shape shape;
  std::vector<float> value, mean, square;
};

struct Network {
  static constexpr int kPixels = 64;
  static constexpr int kHidden = 128;
  static constexpr int kDigits = 10;

  Activation activation;
  std::vector<Weight> weights;  ///< w1, b1, the slope of prelu, then w2, b2: the order of updates

  /// With uniform random weights, of a generator that is the same on every machine.
  explicit Network(Activation of, std::uint64_t seed = 1);
  /// FNV-1a over the bits of all weights.
  [[nodiscard]] std::uint64_t hash() const;
};

/// Adam (D. P. Kingma, J. Ba, 2015) with its usual constants.
struct Adam {
  double rate = 0.003;
  double mean_decay = 0.9;
  double square_decay = 0.999;
  double epsilon = 1e-8;
  /// The rate of step `step`, counted from 1, with the corrections for moments that began at 0.
  [[nodiscard]] float corrected_rate(int step) const;
};

/// One step over a batch. Inputs: pixels [batch, 64], labels [batch] (i32), the corrected rate,
/// then value, mean and square of each weight. Outputs: the loss, then the same three of each
/// weight, which may lie where the inputs lie.
[[nodiscard]] sinter::Graph training_step(const Network& network, int batch, const Adam& adam);

/// Inputs: pixels, labels, then each weight. Outputs: the share of images whose digit has the
/// highest logit, whether each hidden unit is positive for some image, and the share of zeros among
/// the values behind the activation.
[[nodiscard]] sinter::Graph evaluation(const Network& network, int images);
