// Recorder: the tensors of one engine. Records ops into the current trace, and runs it.
//
// One lock for recording and for running, so that what many threads record is one sequence, and no
// tensor is evaluated twice. Data is copied out under no lock: a buffer does not change once it is
// written.
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
#include "tensor_trace.h"

namespace sinter::detail {

class Recorder {
 public:
  explicit Recorder(const TraceLimits& limits)
      : limits_(limits), trace_(std::make_shared<Trace>(1)), held_at_(limits.bytes) {}
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  [[nodiscard]] Tensor apply(Op op, std::span<const Tensor> operands, const Attributes& attributes);
  [[nodiscard]] std::vector<Tensor> record(
      std::span<const Tensor> tensors,
      const std::function<std::vector<Value>(std::span<const Value>)>& function);
  [[nodiscard]] std::vector<Tensor> gradients(const Tensor& loss, std::span<const Tensor> of);
  /// Runs what `tensors` need.
  void evaluate(EngineCore& core, std::span<const Tensor> tensors);
  /// The elements of a tensor; runs what is live unless they are there, see Trace::split_live.
  [[nodiscard]] std::shared_ptr<const TensorBuffer> read(const Tensor& tensor);

 private:
  /// Locks, for these tensors to be used. In a child whose parent had this locked in another
  /// thread, refuses tensors of before the fork: they, or their trace, may be torn.
  [[nodiscard]] std::unique_lock<ForkSafeMutex> enter(std::span<const Tensor> tensors);
  void check_whole(std::span<const Tensor> tensors) const;

  [[nodiscard]] bool is_full();
  /// Time to run where it cuts nothing short: after gradients, rather than in the next pass.
  [[nodiscard]] bool is_half_full() const;
  /// Begins a new trace in place of the current one, which is returned.
  std::shared_ptr<Trace> begin_trace();
  /// Gradients add the contributions to a tensor in the order of the ops in the graph, so that order
  /// must not depend on which traces have run meanwhile.
  void restore_recording_order();
  /// In the current trace.
  [[nodiscard]] Value value_of(const Tensor& tensor);
  [[nodiscard]] std::vector<Tensor> adopt(const std::shared_ptr<EngineCore>& core,
                                          std::span<const Value> values);
  /// Runs the current trace for what is to be stored of it, and ends it.
  void run(EngineCore& core, const Trace::SplitLive& live);
  void store(EngineCore& core, const std::shared_ptr<Trace>& trace, const Trace::SplitLive& live);

  const TraceLimits limits_;
  ForkSafeMutex mutex_;
  bool torn_ = false;             ///< and not yet begun anew
  std::uint32_t whole_from_ = 0;  ///< the process from which on tensors are whole
  std::uint64_t serial_ = 1;
  std::shared_ptr<Trace> trace_;
  Lineage lineage_;
  std::size_t held_at_;  ///< input bytes of the trace at which to look who else holds them
};

[[noreturn]] void refuse_other_engine(std::string_view op, std::string_view operand);

}  // namespace sinter::detail
