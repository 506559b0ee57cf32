// Figures about the memory of a training step, from its plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/sinter.h>

/// Bytes of the elements of a buffer.
[[nodiscard]] std::int64_t bytes_of(const sinter::PlanBuffer& buffer);
/// True if one of `operands` is buffer number `buffer`.
[[nodiscard]] bool uses(const std::vector<sinter::PlanOperand>& operands, std::size_t buffer);

/// Bytes of the values that a forward kernel stores and a backward kernel reads. Forward kernels
/// are those that the output "loss" depends on. Inputs do not count. Gradients count if a forward
/// kernel, such as that of the loss, computes them.
[[nodiscard]] std::int64_t kept_for_backward(const sinter::Plan& step);
