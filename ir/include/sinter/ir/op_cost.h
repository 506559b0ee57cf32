// Cost of an op, in operations. The planner weighs work in this unit, and planner and schedulers
// bound the size of a kernel's code in it.
#pragma once

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter {

/// Number of operations per element of `op`, from operands of dtype `from` to a result of dtype
/// `to`. An add counts 1, a composite the sum of its body. An op that vector units lack counts all
/// instructions that replace it: integer divisions, shifts of bytes, some conversions. The number
/// is an upper bound over all CPUs, so that one value serves every target.
[[nodiscard]] SINTER_API int count_operations(Op op, DType from, DType to);

}  // namespace sinter
