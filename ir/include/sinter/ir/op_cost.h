// Cost of an op: the unit in which the planner weighs work and both planner and schedulers bound
// the size of a kernel's code.
#pragma once

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter {

/// Number of operations per element of `op`, from operands of `from` to a result of `to`; an add is
/// 1, a composite the sum of its body. An op that vector units lack counts all instructions that
/// replace it: divisions of integers, shifts of bytes, some conversions. An upper bound over all
/// CPUs, so one number serves every target.
[[nodiscard]] SINTER_API int count_operations(Op op, DType from, DType to);

}  // namespace sinter
