// A classifier of digits with one hidden layer. Its training step and its evaluation are graphs.
//
//   hidden = activation(x w1 + b1);  logits = hidden w2 + b2
//   loss   = the mean over the batch of logsumexp(logits) - logits[label]
//
// Layers and optimiser use only the public API. A training step is one graph; `gradients` records
// its backward half.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sinter/sinter.h>

/// The activation between the two layers. `learnt` is the trained slope of prelu; the others ignore
/// it.
struct Activation {
  std::string name;
  std::function<sinter::Value(const sinter::Value& x, const sinter::Value& learnt)> apply;
  bool learns = false;  ///< true if `learnt` is a trained weight
};

/// leaky_relu with four usual slopes, and other activations.
[[nodiscard]] std::vector<Activation> activations();

/// One trained tensor, with Adam's two moments of its gradient.
struct Weight {
  std::string name;
  sinter::Shape shape;
  std::vector<float> value, mean, square;
};

/// The weights of the classifier.
struct Network {
  static constexpr int kPixels = 64;
  static constexpr int kHidden = 128;
  static constexpr int kDigits = 10;

  Activation activation;
  std::vector<Weight> weights;  ///< w1, b1, the slope of prelu if any, w2, b2

  /// Initialises weights uniformly at random, with the same bits on every machine; biases are 0.
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
  /// Learning rate of step `step`, counted from 1, corrected for the bias of moments that start at
  /// 0.
  [[nodiscard]] float corrected_rate(int step) const;
};

/// The graph of one step over a batch. Inputs: pixels [batch, 64], labels [batch] (i32), the
/// corrected rate, then value, mean and square of each weight. Outputs: the loss, then the new
/// value, mean and square of each weight, which may be written in place.
[[nodiscard]] sinter::Graph training_step(const Network& network, int batch, const Adam& adam);

/// The graph of an evaluation. Inputs: pixels, labels, then each weight. Outputs: `accuracy`, the
/// fraction of images whose digit has the highest logit; `alive`, a mask of the hidden units that
/// are positive for at least one image; `zeros`, the fraction of zeros among the results of the
/// activation.
[[nodiscard]] sinter::Graph evaluation(const Network& network, int images);
