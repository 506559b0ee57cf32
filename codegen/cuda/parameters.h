// The parameters of a kernel of CUDA C, and its head.
#pragma once

#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>

namespace sinter::detail {

/// Buffers, then lengths and strides as far as the nest asks for them, then numbers.
[[nodiscard]] std::vector<CudaParameter> cuda_parameters(const LoopNest& nest);

/// All of the kernel's definition that stands before its body, from what it has by now.
[[nodiscard]] std::string cuda_head(const LoopNest& nest, const CudaKernel& kernel);

}  // namespace sinter::detail
