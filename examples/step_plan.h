// What the plan of a training step says of its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/sinter.h>

[[nodiscard]] std::int64_t bytes_of(const sinter::PlanBuffer& buffer);
/// Whether a buffer of this index is among what a kernel reads or writes.
[[nodiscard]] bool uses(const std::vector<sinter::PlanOperand>& operands, std::size_t buffer);

/// Bytes that kernels on the way to the output "loss" store, and others read. Inputs are there
/// anyway, and do not count; gradients that the kernel of the loss begins with do.
[[nodiscard]] std::int64_t kept_for_backward(const sinter::Plan& step);
