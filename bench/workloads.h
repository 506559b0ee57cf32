// The graphs that the programs measure, and all contestants that run them: sinter by each of its
// calls, the copy and oneDNN. All use the same memory, so that its placement favours none.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <sinter/bench/copy.h>
#include <sinter/bench/data.h>
#include <sinter/bench/timing.h>
#include <sinter/runtime/engine.h>

#include "onednn.h"

namespace sinter::bench {

/// A graph over `n` elements of f32, as sinter and as oneDNN see it.
struct Workload {
  std::string_view name;
  int inputs;
  Graph (*graph)(std::int64_t n);
  /// Function that makes oneDNN's contestant, or nullopt in a build without oneDNN. A null pointer
  /// if oneDNN has no such primitive.
  std::optional<Contestant> (*onednn)(OneDnnCall call, std::int64_t n, const float* const* inputs,
                                      float* output);
};

/// leaky_relu(x, 0.01)
extern const Workload kLeakyRelu;
/// leaky_relu(x * 1.5 + b, 0.01) * s + r, all of one size
extern const Workload kChain;
/// Functions of one operand, in the order of their rows in the table of ratios.
[[nodiscard]] std::span<const Workload> function_workloads();

/// Memory for a workload of up to `elements` elements of f32: four inputs, filled by fill_uniform,
/// and an output. Each buffer has 64 more elements, for Offsets.
class Field {
 public:
  explicit Field(std::int64_t elements);
  /// Replaces all values by their magnitudes, for functions of positive numbers such as log.
  void make_positive();
  [[nodiscard]] const float* const* inputs() const { return inputs_.data(); }
  [[nodiscard]] float* output() const { return output_; }

 private:
  static constexpr int kInputs = 4;
  std::vector<AlignedBuffer> memory_;
  std::array<const float*, kInputs> inputs_{};
  float* output_ = nullptr;
};

/// Elements that are skipped at the beginning of buffers: `first` in the first input, and `step`
/// more in each following one; the output is the last.
struct Offsets {
  std::int64_t first = 0;
  std::int64_t step = 0;
};

/// A workload of `n` elements on the memory of a Field, which must outlive it and its contestants.
class Race {
 public:
  Race(const Workload& workload, const Field& field, std::int64_t n, Offsets offsets = {});

  /// sinter by Executable::run, with views made beforehand.
  [[nodiscard]] Contestant run(const Engine& engine) const;
  /// sinter by Executable::run, with views made in each call.
  [[nodiscard]] Contestant run_with_views(const Engine& engine) const;
  /// sinter by a bound Call.
  [[nodiscard]] Contestant bound(const Engine& engine) const;
  /// The kernel alone, by a DirectCall.
  [[nodiscard]] Contestant direct(const Engine& engine) const;
  /// The copy of the same streams. Streaming stores need an output without an offset.
  [[nodiscard]] Contestant copy(Stores stores, std::shared_ptr<Executor> executor = nullptr) const;
  [[nodiscard]] std::optional<Contestant> onednn(OneDnnCall call) const;
  /// Largest absolute difference between the outputs of `peer` and sinter.
  [[nodiscard]] double difference(const Engine& engine, const Contestant& peer) const;

 private:
  [[nodiscard]] Executable compile(const Engine& engine) const;
  [[nodiscard]] Call bind(const Engine& engine) const;

  const Workload& workload_;
  std::int64_t n_;
  std::vector<const float*> inputs_;
  float* output_;
  std::vector<ConstTensorView> input_views_;
  TensorView output_view_;
};

}  // namespace sinter::bench
