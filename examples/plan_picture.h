// A plan as an SVG.
#pragma once

#include <string>

#include <sinter/sinter.h>

/// A box for each kernel, from which a link leads to the element "kernel_<number>", and a line for
/// each stored value from the kernel that writes it to those that read it.
[[nodiscard]] std::string picture_of(const sinter::Plan& plan);
