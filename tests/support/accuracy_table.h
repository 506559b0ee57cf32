// The table of errors in docs/accuracy.md: the promised limits and the measured errors.
#pragma once

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::test {

/// Adds a test failure if `error` (in ULP) exceeds `limit`, if the table promises another limit,
/// or, in a short run, if `error` exceeds the measured error in the table. If SINTER_UPDATE_GOLDEN
/// is set, writes `error` into the table instead of comparing it; set it only in a long run.
/// `dtype` is f32 or f64.
void expect_accuracy(Op op, DType dtype, double limit, double error);

}  // namespace sinter::test
