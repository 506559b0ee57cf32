// The graphs that the programs measure, and everything that may run one: sinter by each of its
// calls, the copy, oneDNN. All run on the same memory, so that it favours none.
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
  /// Executes oneDNN's primitive, made beforehand; none where oneDNN is not part of the build. May
  /// be null.
  std::optional<Contestant> (*onednn)(OneDnnCall call, std::int64_t n, const float* const* inputs,
                                      float* output);
};

/// leaky_relu(x, 0.01)
extern const Workload kLeakyRelu;
/// leaky_relu(x * 1.5 + b, 0.01) * s + r, all of one size
extern const Workload kChain;
/// Functions of one operand, in the order of their rows in the table of ratios.
[[nodiscard]] std::span<const Workload> function_workloads();

/// Memory for a workload of up to `elements` elements, filled once.
class Field {
 public:
  explicit Field(std::int64_t elements);
  /// Drops the signs of all inputs: for functions that are defined on positive numbers only.
  void make_positive();
  [[nodiscard]] const float* const* inputs() const { return inputs_.data(); }
  [[nodiscard]] float* output() const { return output_; }

 private:
  static constexpr int kInputs = 4;
  std::vector<AlignedBuffer> memory_;
  std::array<const float*, kInputs> inputs_{};
  float* output_ = nullptr;
};

/// By how many elements buffers begin late: the first one by `first`, each further one by `step`
/// more, the output last.
struct Offsets {
  std::int64_t first = 0;
  std::int64_t step = 0;
};

/// A workload of one size on its memory.
class Race {
 public:
  Race(const Workload& workload, const Field& field, std::int64_t n, Offsets offsets = {});

  /// Through Executable::run with views that were made before.
  [[nodiscard]] Contestant run(const Engine& engine) const;
  /// Through Executable::run with views that are made in the call.
  [[nodiscard]] Contestant run_with_views(const Engine& engine) const;
  /// Through a Call.
  [[nodiscard]] Contestant bound(const Engine& engine) const;
  /// The kernel alone: DirectCall.
  [[nodiscard]] Contestant direct(const Engine& engine) const;
  /// As many streams of the same length. Streaming stores need an output that is not late.
  [[nodiscard]] Contestant copy(Stores stores, std::shared_ptr<Executor> executor = nullptr) const;
  [[nodiscard]] std::optional<Contestant> onednn(OneDnnCall call) const;
  /// The largest difference between what `peer` and sinter write.
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
