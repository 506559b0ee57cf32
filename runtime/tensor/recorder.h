// Recorder: records the ops on tensors of one engine into the current trace, and runs the trace.
//
// One lock guards recording and running. So the ops of all threads form one sequence, and no tensor
// is evaluated twice. Elements are copied out without the lock, because a buffer does not change
// after it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <sinter/runtime/options.h>
#include <sinter/runtime/tensor.h>

#include "process.h"
#include "tensor/trace.h"

namespace sinter::detail {

class Recorder {
 public:
  explicit Recorder(const TraceLimits& limits)
      : limits_(limits), trace_(std::make_shared<Trace>(1)), held_at_(limits.bytes) {}
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Records an op. Runs the current trace first if it is full.
  [[nodiscard]] Tensor apply(Op op, std::span<const Tensor> operands, const Attributes& attributes);
  /// See Tensor::record.
  [[nodiscard]] std::vector<Tensor> record(
      std::span<const Tensor> tensors,
      const std::function<std::vector<Value>(std::span<const Value>)>& function);
  /// See sinter::gradients of Tensors.
  [[nodiscard]] std::vector<Tensor> gradients(const Tensor& loss, std::span<const Tensor> of);
  /// Evaluates `tensors` and the ops that they need.
  void evaluate(EngineCore& core, std::span<const Tensor> tensors);
  /// Returns the elements of a tensor. If it is not evaluated, runs the trace and stores the live
  /// tensors that Trace::split_live selects.
  [[nodiscard]] std::shared_ptr<const TensorBuffer> read(const Tensor& tensor);

 private:
  /// Locks the recorder in order to use `tensors`. If another thread of the parent held the lock at
  /// a fork, tensors from before the fork, and their trace, may be inconsistent: the child throws
  /// Error(unsupported) for them.
  [[nodiscard]] std::unique_lock<ForkSafeMutex> enter(std::span<const Tensor> tensors);
  /// Throws Error(unsupported) for a tensor that may be inconsistent after a fork.
  void check_whole(std::span<const Tensor> tensors) const;

  /// True if the trace has reached its limits and should run.
  [[nodiscard]] bool is_full();
  /// True if the trace should run after gradients, so that it does not become full in the middle of
  /// the next pass.
  [[nodiscard]] bool is_half_full() const;
  /// Makes a new trace the current one, and returns the old one.
  std::shared_ptr<Trace> begin_trace();
  /// Rebuilds the current trace if its ops are not in the order in which they were first recorded.
  /// Gradients sum the contributions to a tensor in the order of the graph's ops, and their bits
  /// must not depend on which traces have run.
  void restore_recording_order();
  /// The node of a tensor in the current trace.
  [[nodiscard]] Value value_of(const Tensor& tensor);
  /// Tensors for values of the current trace.
  [[nodiscard]] std::vector<Tensor> adopt(const std::shared_ptr<EngineCore>& core,
                                          std::span<const Value> values);
  /// Ends the current trace and runs it for `live.stored`. Moves `live.recorded` to traces of their
  /// own.
  void run(EngineCore& core, const Trace::SplitLive& live);
  /// Compiles and runs `trace`; its outputs become the buffers of `live.stored`.
  void store(EngineCore& core, const std::shared_ptr<Trace>& trace, const Trace::SplitLive& live);

  const TraceLimits limits_;
  ForkSafeMutex mutex_;
  /// True if the state below may be inconsistent after a fork and is not yet replaced.
  bool torn_ = false;
  std::uint32_t whole_from_ = 0;  ///< epoch from which on tensors are known to be consistent
  std::uint64_t serial_ = 1;      ///< of the newest trace
  std::shared_ptr<Trace> trace_;
  Lineage lineage_;
  std::size_t held_at_;  ///< bytes of the trace's inputs at which is_full counts held_bytes() again
};

[[noreturn]] void refuse_other_engine(std::string_view op, std::string_view operand);

}  // namespace sinter::detail
