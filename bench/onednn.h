// oneDNN as a peer: its primitives for the workloads, executed on one thread. Functions return
// nothing if this build has no oneDNN. Buffers must outlive the contestant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sinter/bench/timing.h>
#include <sinter/ir/op.h>

namespace sinter::bench {

/// The version, such as "oneDNN 2.6.3", or a message that this build has none.
[[nodiscard]] std::string onednn_version();

/// How a primitive is executed. Its arguments are made beforehand in both cases.
enum class OneDnnCall {
  cpp,  ///< primitive::execute(stream, map of arguments), as in oneDNN's documentation
  c     ///< dnnl_primitive_execute with an array of arguments: its cheapest call
};

/// Eltwise relu with alpha 0.01, which is leaky_relu.
[[nodiscard]] std::optional<Contestant> onednn_leaky_relu(OneDnnCall call, std::int64_t n,
                                                          const float* const* inputs,
                                                          float* output);
/// Binary add of x, scaled by 1.5, and b; then as post-ops eltwise relu with alpha 0.01, binary mul
/// by s, binary add of r.
[[nodiscard]] std::optional<Contestant> onednn_chain(OneDnnCall call, std::int64_t n,
                                                     const float* const* inputs, float* output);

/// The softmax primitive along the second axis of [rows, n].
[[nodiscard]] std::optional<Contestant> onednn_softmax(OneDnnCall call, std::int64_t rows,
                                                       std::int64_t n, const float* input,
                                                       float* output);
/// The eltwise primitive for one of exp, log, tanh, sigmoid, silu and gelu; nothing for other ops.
[[nodiscard]] std::optional<Contestant> onednn_function(Op op, OneDnnCall call, std::int64_t n,
                                                        const float* const* inputs, float* output);

}  // namespace sinter::bench
