// A plan as an SVG picture.
#pragma once

#include <string>

#include <sinter/sinter.h>

/// Draws a box for each kernel, which links to the element "kernel_<number>", and a line for each
/// stored value, from the kernel that writes it to the kernels that read it.
[[nodiscard]] std::string picture_of(const sinter::Plan& plan);
