// The allowance of each kind of statement, and the count of instructions.
#include <sinter/fuzz/code_size.h>

#include <algorithm>
#include <variant>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/op_cost.h>

namespace sinter::fuzz {
namespace {

// Allowances in instructions: a quarter more than a single statement takes at most on a named
// target.
constexpr int kKernel = 80;
constexpr int kLoop = 24;
constexpr int kDigit = 16;
constexpr int kMask = 16;
constexpr int kAccess = 5;
constexpr int kStridedAccess = 28;
constexpr int kOp = 16;
constexpr int kTransposedVector = 32;

int of_op(Op op, DType from, DType to) { return kOp + 5 * count_operations(op, from, to) / 4; }

/// Allowances of the statements in a loop with `copies` vectors in flight.
class Allowance {
 public:
  explicit Allowance(const LoopNest& nest) : nest_(nest) {}

  int of(const Block& block, int copies) const {
    int sum = 0;
    for (const Statement& statement : block) {
      sum += std::visit([&](const auto& one) { return of(one, copies); }, statement);
    }
    return sum;
  }

 private:
  int of(const Loop& loop, int copies) const {
    const int inner = loop.kind == LoopKind::serial ? copies : int{loop.unroll};
    const int carried = static_cast<int>(loop.carried.size());
    const int digits = static_cast<int>(loop.digits.size());
    return kLoop + digits * kDigit + inner * ((loop.masked ? kMask : 0) + carried * kAccess) +
           of(loop.body, inner);
  }
  int of(const Load& load, int copies) const { return copies * access(load.lanes); }
  int of(const Store& store, int copies) const { return copies * access(store.lanes); }
  int of(const Count&, int copies) const { return copies * kAccess; }
  int of(const Transpose& transpose, int) const {
    return kLoop + kTransposedVector * transpose.lanes;
  }
  int of(const Barrier&, int) const { return 0; }
  int of(const Compute& compute, int copies) const {
    if (compute.operand_count == 0) return kAccess;
    const DType from = nest_.dtype(compute.inputs().back());
    return copies * of_op(compute.op, from, nest_.dtype(compute.result));
  }
  /// A fold combines pairs of vectors, then halves of one vector.
  int of(const Fold& fold, int) const {
    constexpr int kRounds = 16;
    const DType dtype = nest_.dtype(fold.result);
    return kRounds * of_op(fold.op, dtype, dtype);
  }
  static int access(LaneStride stride) {
    return stride == LaneStride::strided ? kStridedAccess : kAccess;
  }

  const LoopNest& nest_;
};

}  // namespace

int count_instructions(std::string_view assembly) {
  int count = 0;
  while (!assembly.empty()) {
    const std::string_view line = assembly.substr(0, assembly.find('\n'));
    assembly.remove_prefix(std::min(line.size() + 1, assembly.size()));
    // Instructions are indented; directives begin with a dot, comments with # or /.
    const bool indented = line.size() > 1 && line[0] == '\t';
    if (indented && std::string_view(".#/").find(line[1]) == std::string_view::npos) ++count;
  }
  return count;
}

int allowed_instructions(const LoopNest& nest) {
  return kKernel + Allowance(nest).of(nest.body, 1);
}

CodeSize code_size(const LoopNest& nest, const Target& target) {
  return {count_instructions(assembly_text(nest, target, "kernel")), allowed_instructions(nest)};
}

}  // namespace sinter::fuzz
