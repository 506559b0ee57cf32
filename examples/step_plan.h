// What the plan of a training step says: as a picture, and how much its backward half needs kept.
#pragma once

#include <cstdint>
#include <string>

#include <sinter/sinter.h>

/// Bytes that kernels on the way to the output "loss" store, and others read. Inputs are there
/// anyway, and do not count; gradients that the kernel of the loss begins with do.
[[nodiscard]] std::int64_t kept_for_backward(const sinter::Plan& step);

/// An SVG: a box for each kernel, from which a link leads to the element "kernel_<number>", and a
/// line for each stored value from the kernel that writes it to those that read it.
[[nodiscard]] std::string picture_of(const sinter::Plan& plan);
