// The bodies of mathematical functions, under the names of their rows in ops.def. Each consists of
// a range reduction and a polynomial over exactly rounded primitives, so every backend gives the
// same bits. The error bounds are stated at the methods in elementwise.h and in docs/accuracy.md.
#pragma once

#include <sinter/ir/graph.h>

namespace sinter::detail::functions {

// exponentials.cpp
[[nodiscard]] Value exp(const Value& x);
[[nodiscard]] Value exp2(const Value& x);
[[nodiscard]] Value expm1(const Value& x);

// logarithms.cpp
[[nodiscard]] Value log(const Value& x);
[[nodiscard]] Value log2(const Value& x);
[[nodiscard]] Value log1p(const Value& x);

// powers.cpp
[[nodiscard]] Value pow(const Value& x, const Value& y);

// error_functions.cpp
[[nodiscard]] Value erf(const Value& x);
[[nodiscard]] Value erfc(const Value& x);
[[nodiscard]] Value gelu(const Value& x);

// trigonometric.cpp
[[nodiscard]] Value sin(const Value& x);
[[nodiscard]] Value cos(const Value& x);

// remainders.cpp
[[nodiscard]] Value fmod(const Value& a, const Value& b);
[[nodiscard]] Value remainder(const Value& a, const Value& b);
[[nodiscard]] Value floor_divide(const Value& a, const Value& b);

// activations.cpp
[[nodiscard]] Value sigmoid(const Value& x);
[[nodiscard]] Value logsigmoid(const Value& x);
[[nodiscard]] Value tanh(const Value& x);
[[nodiscard]] Value silu(const Value& x);
[[nodiscard]] Value gelu_tanh(const Value& x);
[[nodiscard]] Value softplus(const Value& x);
[[nodiscard]] Value mish(const Value& x);
[[nodiscard]] Value elu(const Value& x, const Value& alpha);
[[nodiscard]] Value celu(const Value& x, const Value& alpha);
[[nodiscard]] Value selu(const Value& x);

}  // namespace sinter::detail::functions
