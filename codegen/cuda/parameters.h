// The parameter list of a CUDA C kernel, and the kernel's head.
#pragma once

#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>

namespace sinter::detail {

/// The parameters of a kernel in order: buffers, the lengths and strides that the nest uses, then
/// numbers.
[[nodiscard]] std::vector<CudaParameter> cuda_parameters(const LoopNest& nest);

/// The definition of the kernel up to its body, from `entry`, `threads` and `parameters` of
/// `kernel`.
[[nodiscard]] std::string cuda_head(const LoopNest& nest, const CudaKernel& kernel);

}  // namespace sinter::detail
