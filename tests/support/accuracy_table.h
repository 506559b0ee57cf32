// The table of errors in docs/accuracy.md: what is promised and what was measured.
#pragma once

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::test {

/// Adds a failure if `error` is beyond `limit`, if the table promises another limit, or if it says
/// that less was measured. With SINTER_UPDATE_GOLDEN=1 in a long run, the figure of the table
/// becomes this one. f32 or f64.
void expect_accuracy(Op op, DType dtype, double limit, double error);

}  // namespace sinter::test
