// Type inference: the dtype and shape of an op's result, and checks of its operands and attributes
// against its row in ops.def. The switches over dtype rules have no default, so that the compiler
// reports a new rule that they lack.
#include <fmt/format.h>

#include <sinter/ir/assert.h>

#include "graph/infer_call.h"

namespace sinter::detail {

std::string OpCall::text() const {
  std::string out = fmt::format("{}(", row.name);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    out += fmt::format("{}{}: {}{}", i == 0 ? "" : ", ", name(i), to_string(dtype(i)),
                       to_string(shape(i)));
  }
  return out + ")";
}

namespace {

[[noreturn]] void dtype_error(const OpCall& call, std::string_view reason) {
  fail(ErrorCode::dtype_mismatch, fmt::format("{}: {}", call.text(), reason));
}

void check_equal_dtypes(const OpCall& call, std::size_t first) {
  for (std::size_t i = first + 1; i < call.operands.size(); ++i) {
    if (call.dtype(i) == call.dtype(first)) continue;
    dtype_error(call, fmt::format("{} is {} and {} is {}; dtypes never promote, use convert",
                                  call.name(first), to_string(call.dtype(first)), call.name(i),
                                  to_string(call.dtype(i))));
  }
}

bool is_numeric(DType dtype) { return dtype != DType::boolean; }
bool is_boolean(DType dtype) { return dtype == DType::boolean; }

/// A set of dtypes that an operand may have, and its name in messages.
struct DTypeSet {
  bool (*contains)(DType);
  std::string_view text;
};
constexpr DTypeSet kFloating{is_floating, "floating (f16, bf16, f32 or f64)"};
constexpr DTypeSet kNumeric{is_numeric, "a number, of any width"};
constexpr DTypeSet kInteger{is_integer, "an integer (i8, u8, i16, i32 or i64)"};
constexpr DTypeSet kBoolean{is_boolean, "bool"};

/// The dtypes that the rule allows for each operand (of select, for the first one); null if any.
const DTypeSet* operand_set(DTypeRule rule) {
  switch (rule) {
    case DTypeRule::floating:
    case DTypeRule::recast: return &kFloating;
    case DTypeRule::numeric:
    case DTypeRule::comparison: return &kNumeric;
    case DTypeRule::integer: return &kInteger;
    case DTypeRule::logical:
    case DTypeRule::select: return &kBoolean;
    case DTypeRule::leaf:
    case DTypeRule::convert:
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast:
    case DTypeRule::same:
    case DTypeRule::alike:
    case DTypeRule::lookup: return nullptr;
  }
  SINTER_ASSERT(false, "the switch has every rule");
}

/// Text of an error, such as "x must be bool, not i32".
std::string operand_text(std::string_view operand, const DTypeSet& set, DType dtype) {
  std::string text = fmt::format("{} must be {}, not {}", operand, set.text, to_string(dtype));
  if (&set == &kFloating) text += "; convert it first";
  return text;
}

/// Throws Error(dtype_mismatch) unless operand i has a dtype that the rule allows.
void check_operand(const OpCall& call, std::size_t i) {
  const DTypeSet* set = operand_set(call.row.rule);
  if (set == nullptr || set->contains(call.dtype(i))) return;
  dtype_error(call, operand_text(call.name(i), *set, call.dtype(i)));
}

void check_operands(const OpCall& call) {
  for (std::size_t i = 0; i < call.operands.size(); ++i) check_operand(call, i);
  check_equal_dtypes(call, 0);
}

DType bitcast_dtype(const OpCall& call, const Attributes& attributes) {
  if (!attributes.dtype.has_value()) {
    fail(ErrorCode::invalid_argument, fmt::format("{} needs a dtype", call.row.name));
  }
  const DType to = *attributes.dtype;
  if (to != DType::boolean && info(to).bytes == info(call.dtype(0)).bytes) return to;
  dtype_error(call, fmt::format("to {}: it takes a dtype of {} bytes, and not bool", to_string(to),
                                info(call.dtype(0)).bytes));
}

DType recast_dtype(const OpCall& call, const Attributes& attributes) {
  check_operands(call);
  if (attributes.dtype.has_value() && is_floating(*attributes.dtype)) return *attributes.dtype;
  fail(ErrorCode::invalid_argument,
       fmt::format("{} needs a floating dtype (f16, bf16, f32 or f64)", call.row.name));
}

DType lookup_dtype(const OpCall& call, const Attributes& attributes) {
  if (!attributes.table.has_value()) {
    fail(ErrorCode::invalid_argument, fmt::format("{} needs a table", call.row.name));
  }
  if (call.dtype(0) == DType::i32) return DType::f32;
  if (call.dtype(0) == DType::i64) return DType::f64;
  dtype_error(call, "index must be i32, which gives f32, or i64, which gives f64");
}

DType infer_dtype(const OpCall& call, const Attributes& attributes) {
  switch (call.row.rule) {
    case DTypeRule::leaf: break;
    case DTypeRule::floating:
    case DTypeRule::numeric:
    case DTypeRule::integer: check_operands(call); return call.dtype(0);
    case DTypeRule::comparison:
    case DTypeRule::logical: check_operands(call); return DType::boolean;
    case DTypeRule::select:
      check_operand(call, 0);
      check_equal_dtypes(call, 1);
      return call.dtype(1);
    case DTypeRule::convert:
      if (attributes.dtype.has_value()) return *attributes.dtype;
      fail(ErrorCode::invalid_argument, "convert needs a dtype");
    case DTypeRule::recast: return recast_dtype(call, attributes);
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast: return bitcast_dtype(call, attributes);
    case DTypeRule::same: return call.dtype(0);
    case DTypeRule::alike: check_equal_dtypes(call, 0); return call.dtype(0);
    case DTypeRule::lookup: return lookup_dtype(call, attributes);
  }
  SINTER_ASSERT(false, "check_arity refuses leaves");
}

Shape infer_shape(const OpCall& call, Attributes& attributes) {
  if (call.row.kind == OpKind::structural) return infer_structure(call, attributes);
  if (call.row.kind == OpKind::reduction) return infer_reduction(call, attributes);
  if (call.row.kind == OpKind::product) return infer_product(call);
  Shape result = call.shape(0);
  for (std::size_t i = 1; i < call.operands.size(); ++i) {
    if (broadcast_shapes(result, call.shape(i), result)) continue;
    fail(ErrorCode::shape_mismatch,
         fmt::format("{}: shapes do not broadcast; aligned at the last axis, lengths must be "
                     "equal or 1",
                     call.text()));
  }
  if (call.row.op != Op::broadcast) return result;
  if (!attributes.shape.has_value()) fail(ErrorCode::invalid_argument, "broadcast needs a shape");
  check_shape(*attributes.shape, call.row.name);
  Shape joined;
  if (!broadcast_shapes(result, *attributes.shape, joined) || joined != *attributes.shape) {
    fail(ErrorCode::shape_mismatch, fmt::format("{} to {}: every length must be equal or 1",
                                                call.text(), to_string(*attributes.shape)));
  }
  return *attributes.shape;
}

/// Throws Error for lists and tables that the op does not have, since the node could not hold them.
void check_unused(const OpCall& call, const Attributes& attributes) {
  for (std::size_t i = 0; i < kMaxLists; ++i) {
    if (!call.row.lists[i].empty() || attributes.lists[i].empty()) continue;
    fail(ErrorCode::invalid_argument,
         fmt::format("{}: a list {}, which {} does not take", call.text(),
                     to_string(attributes.lists[i]), call.row.name));
  }
  if (!attributes.table.has_value() || call.row.rule == DTypeRule::lookup) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("{}: a table, which {} does not take", call.text(), call.row.name));
}

/// Throws Error unless every operand that is an attribute is a parameter or constant.
void check_attributes(const OpCall& call) {
  for (std::size_t i = 0; i < call.operands.size(); ++i) {
    if (!call.row.operands[i].attribute) continue;
    const Op op = call.node(i).op;
    if ((op == Op::parameter || op == Op::constant) && is_numeric(call.dtype(i))) continue;
    fail(ErrorCode::invalid_argument,
         fmt::format("{}: {} must be a number{}", call.text(), call.name(i),
                     call.row.op == Op::leaky_relu
                         ? "; a bool is not one; for a tensor of slopes use prelu"
                         : ""));
  }
}

}  // namespace

void check_first_operand(Op op, DType dtype, const Shape& shape) {
  const OpInfo& row = info(op);
  const DTypeSet* set = operand_set(row.rule);
  if (set == nullptr || set->contains(dtype)) return;
  const std::string_view operand = row.operands[0].name;
  fail(ErrorCode::dtype_mismatch,
       fmt::format("{}({}: {}{}): {}", row.name, operand, to_string(dtype), to_string(shape),
                   operand_text(operand, *set, dtype)));
}

void check_arity(Op op, std::size_t operands) {
  const OpInfo& row = info(op);
  if (row.kind == OpKind::leaf) {
    fail(ErrorCode::invalid_graph,
         fmt::format("{} is not recorded by apply: use Graph::{}", row.name, row.name));
  }
  if (operands != static_cast<std::size_t>(row.arity)) {
    fail(ErrorCode::invalid_graph, fmt::format("{} takes {} operand{}, not {}", row.name, row.arity,
                                               row.arity == 1 ? "" : "s", operands));
  }
}

ResultType infer(const GraphData& graph, Op op, std::span<const NodeId> operands,
                 Attributes& attributes) {
  const OpInfo& row = info(op);
  check_arity(op, operands.size());
  for (NodeId operand : operands) graph.check_node(operand);
  const OpCall call{graph, row, operands};
  check_attributes(call);
  check_unused(call, attributes);
  ResultType result{infer_dtype(call, attributes), infer_shape(call, attributes)};
  static_cast<void>(info(result.dtype));  // throws for a value that is not an enumerator
  check_shape(result.shape, row.name);
  if (row.rule == DTypeRule::lookup) {
    for (double& number : *attributes.table) number = canonical_number(number, result.dtype);
  }
  return result;
}

}  // namespace sinter::detail
