// Trains a small network on real handwritten digits, once for each activation.
//
//   train_digits [--epochs N] [--threads N] [--target NAME] [--report FILE] [digits.csv]
//
// A step (forward, backward, Adam) is one graph, which becomes a few generated kernels. A run gives
// the same bits on every machine, instruction set and number of threads, as the hash of the weights
// shows.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/ir/plan.h>
#include <sinter/sinter.h>

#include "digits.h"
#include "html.h"
#include "network.h"
#include "step_plan.h"
#include "training_report.h"

namespace {

using namespace sinter;

constexpr int kBatch = 64;
/// Every fifth image is a test image and is not trained on.
constexpr int kTestEvery = 5;

struct Options {
  int epochs = 20;
  int threads = 1;
  std::optional<Target> target;
  std::string report;
  std::string digits = SINTER_DIGITS;
};

/// Images as the network reads them: pixels in [0, 1], of shape [images, 64].
struct Images {
  std::vector<float> pixels;
  std::vector<std::int32_t> labels;
  [[nodiscard]] int count() const { return static_cast<int>(labels.size()); }
  void add(const Digits& digits, int image) {
    const auto first = static_cast<std::size_t>(image * Digits::kPixels);
    for (std::size_t i = 0; i < Digits::kPixels; ++i) {
      pixels.push_back(digits.pixels[first + i] / 16);
    }
    labels.push_back(digits.labels[static_cast<std::size_t>(image)]);
  }
};

/// The order of images in each epoch: Fisher-Yates shuffles by a 64-bit linear congruential
/// generator.
class Shuffle {
 public:
  explicit Shuffle(int count) : order_(static_cast<std::size_t>(count)) {
    std::iota(order_.begin(), order_.end(), 0);
  }
  const std::vector<int>& next() {
    for (std::size_t i = order_.size(); i > 1; --i) {
      state_ = state_ * 6364136223846793005 + 1442695040888963407;
      std::swap(order_[i - 1], order_[(state_ >> 33) % i]);
    }
    return order_;
  }

 private:
  std::vector<int> order_;
  std::uint64_t state_ = 1;
};

/// Trains a network. The training step is bound once to buffers that this object and the network
/// own.
class Trainer {
 public:
  Trainer(const Engine& engine, Network& network)
      : program_(engine.compile(training_step(network, kBatch, adam_))),
        pixels_(std::size_t{kBatch} * Network::kPixels),
        labels_(kBatch) {
    std::vector<ConstTensorView> inputs{view(pixels_, {kBatch, Network::kPixels}),
                                        view(labels_, {kBatch}), view(&rate_, Shape{})};
    std::vector<TensorView> outputs{view(&loss_, Shape{})};
    for (Weight& weight : network.weights) {
      for (std::vector<float>* data : {&weight.value, &weight.mean, &weight.square}) {
        inputs.push_back(view(*data, weight.shape));
        outputs.push_back(view(*data, weight.shape));  // updated in place
      }
    }
    call_.emplace(program_.bind(inputs, outputs));
  }

  /// Trains on the full batches of these images and returns the mean loss. Appends the time of each
  /// step in microseconds.
  double epoch(const Images& images, const std::vector<int>& order, std::vector<double>& step_us) {
    double total = 0;
    const int batches = images.count() / kBatch;
    for (int batch = 0; batch < batches; ++batch) {
      gather(images, order, batch);
      rate_ = adam_.corrected_rate(++steps_);
      const auto start = std::chrono::steady_clock::now();
      (*call_)();
      const std::chrono::duration<double, std::micro> time =
          std::chrono::steady_clock::now() - start;
      step_us.push_back(time.count());
      total += static_cast<double>(loss_);
    }
    return total / batches;
  }

  [[nodiscard]] const Executable& program() const { return program_; }

 private:
  void gather(const Images& images, const std::vector<int>& order, int batch) {
    for (int i = 0; i < kBatch; ++i) {
      const auto image =
          static_cast<std::size_t>(order[static_cast<std::size_t>(batch * kBatch + i)]);
      std::copy_n(images.pixels.begin() + static_cast<std::ptrdiff_t>(image * Network::kPixels),
                  Network::kPixels, pixels_.begin() + std::ptrdiff_t{i} * Network::kPixels);
      labels_[static_cast<std::size_t>(i)] = images.labels[image];
    }
  }

  Adam adam_;
  Executable program_;
  std::vector<float> pixels_;
  std::vector<std::int32_t> labels_;
  float rate_ = 0;
  float loss_ = 0;
  int steps_ = 0;
  std::optional<Call> call_;
};

struct Evaluation {
  double accuracy = 0;
  int silent_units = 0;
  double zeros = 0;
};

Evaluation evaluate(const Engine& engine, Network& network, const Images& images) {
  const Executable program = engine.compile(evaluation(network, images.count()));
  std::vector<ConstTensorView> inputs{view(images.pixels, {images.count(), Network::kPixels}),
                                      view(images.labels, {images.count()})};
  for (const Weight& weight : network.weights) inputs.push_back(view(weight.value, weight.shape));
  float accuracy = 0;
  std::array<bool, Network::kHidden> alive{};
  float zeros = 0;
  const std::array<TensorView, 3> outputs{view(&accuracy, Shape{}), view(alive, {Network::kHidden}),
                                          view(&zeros, Shape{})};
  program.run(inputs, outputs);
  return {accuracy, static_cast<int>(std::ranges::count(alive, false)), zeros};
}

/// Name of the processor, as the operating system reports it.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "an unnamed processor";
}

/// The plan that an engine for this target makes of a step.
Plan plan_of(const Graph& step, const Target& target) {
  return plan_graph(step, target.plan_limits(), Fuse::all);
}

/// One line of a terminal, overwritten in place and cleared at the end. Shows nothing where
/// standard error is a pipe or a file.
class Progress {
 public:
  Progress() = default;
  ~Progress() { show(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(const std::string& text) const {
    if (terminal_) std::fprintf(stderr, "\r%-60s\r%s", "", text.c_str());
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) == 1;
};

TrainingResult train(const Engine& engine, const Activation& activation, const Images& training,
                     const Images& test, const Options& options) {
  const Stats before = engine.stats();
  Network network(activation);
  Trainer trainer(engine, network);
  Shuffle shuffle(training.count());
  TrainingResult result;
  result.activation = activation.name;
  std::vector<double> step_us;
  const Progress progress;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    result.losses.push_back(trainer.epoch(training, shuffle.next(), step_us));
    progress.show(format("%-17s epoch %2d of %d, loss %.4f ", activation.name.c_str(), epoch,
                         options.epochs, result.losses.back()));
  }
  const auto [accuracy, silent, zeros] = evaluate(engine, network, test);
  result.accuracy = accuracy;
  result.silent_units = silent;
  result.zeros = zeros;
  std::ranges::nth_element(step_us, step_us.begin() + std::ssize(step_us) / 2);
  result.step_us = step_us[step_us.size() / 2];
  result.kernels = trainer.program().kernels();
  result.kept_bytes =
      kept_for_backward(plan_of(training_step(network, kBatch, {}), engine.target()));
  result.compiles = static_cast<int>(engine.stats().code.misses - before.code.misses);
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(network.hash()));
  result.hash = hash;
  return result;
}

int run(const Options& options) {
  const Digits digits = read_digits(options.digits);
  Images training;
  Images test;
  for (int image = 0; image < digits.images(); ++image) {
    (image % kTestEvery == 0 ? test : training).add(digits, image);
  }
  const Engine engine(EngineOptions{.target = options.target, .threads = options.threads});
  std::printf(
      "%d digits to train on, %d to test; 64-128-10, batches of %d, %d epochs, Adam; %s, %d "
      "thread%s\n\n",
      training.count(), test.count(), kBatch, options.epochs, engine.target().name.c_str(),
      options.threads, options.threads == 1 ? "" : "s");
  std::vector<TrainingResult> results;
  for (const Activation& activation : activations()) {
    results.push_back(train(engine, activation, training, test, options));
  }
  std::printf("%s\n", to_text(results).c_str());
  std::printf(
      "silent: hidden units (of 128) that are positive for no test image. zeros: fraction of "
      "the hidden values.\nkept: bytes that a step keeps for its backward half. compiles: kernels "
      "compiled for this row.\nThe hash is the same on every machine, instruction set and "
      "number of threads.\n");
  if (options.report.empty()) return 0;
  const Network network(activations()[1]);
  const Graph step = training_step(network, kBatch, {});
  const std::string machine =
      format("%s, target %s, %d thread%s", processor_name().c_str(), engine.target().name.c_str(),
             options.threads, options.threads == 1 ? "" : "s");
  write_report(options.report, machine, results, plan_of(step, engine.target()),
               engine.compile(step));
  std::printf("\nCurves, the plan as a picture, and the generated code: %s\n",
              options.report.c_str());
  return 0;
}

int usage() {
  std::printf(
      "usage: train_digits [--epochs N] [--threads N] [--target x86-64-v3 | x86-64-v4] "
      "[--report FILE] [digits.csv]\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  try {
    for (int i = 1; i < argc; ++i) {
      const std::string_view flag = argv[i];
      const bool has_value = i + 1 < argc;
      if (flag == "--epochs" && has_value) {
        options.epochs = std::max(std::atoi(argv[++i]), 1);
      } else if (flag == "--threads" && has_value) {
        options.threads = std::max(std::atoi(argv[++i]), 1);
      } else if (flag == "--target" && has_value) {
        options.target = Target::parse(argv[++i]);
      } else if (flag == "--report" && has_value) {
        options.report = argv[++i];
      } else if (!flag.starts_with("-")) {
        options.digits = flag;
      } else {
        return usage();
      }
    }
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "train_digits: " << error.what() << '\n';
    return 1;
  }
}
