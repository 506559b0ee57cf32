// check() has an overload for each kind of statement, and for the enums that several tables or
// statements hold.
#include "loops/enums.h"

#include <sinter/ir/enum.h>

namespace sinter::detail {
namespace {

void check(DType dtype) { static_cast<void>(info(dtype)); }
void check(Op op) { static_cast<void>(info(op)); }
void check(LaneStride lanes) { check_enum("LaneStride", lanes, LaneStride::strided); }

void check(const Block& block);

void check(const Loop& loop) {
  check_enum("LoopKind", loop.kind, LoopKind::thread);
  check(loop.body);
}
void check(const Load& load) { check(load.lanes); }
void check(const Store& store) { check(store.lanes); }
void check(const Compute& compute) { check(compute.op); }
void check(const Count& count) { check(count.lanes); }
void check(const Fold& fold) { check(fold.op); }
void check(const Transpose&) {}
void check(const Barrier&) {}

void check(const Block& block) {
  for (const Statement& statement : block) {
    std::visit([](const auto& of) { check(of); }, statement);
  }
}

}  // namespace

void check_enums(const LoopNest& nest) {
  for (const Argument& argument : nest.arguments) check(argument.dtype);
  for (DType dtype : nest.parameter_dtypes) check(dtype);
  for (const ValueInfo& value : nest.values) check(value.dtype);
  for (const Index& index : nest.indices) check_enum("IndexOp", index.op, IndexOp::distinct);
  check(nest.body);
}

}  // namespace sinter::detail
