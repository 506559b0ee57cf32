// Result types: an op's row against its operands. One function per dtype rule would be nine
// nearly equal ones; the switch has no default, so a new rule does not go unnoticed.
#include <fmt/format.h>

#include <sinter/ir/assert.h>

#include "infer_call.h"

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

[[noreturn]] void dtype_error(const OpCall& call, std::string_view right) {
  fail(ErrorCode::dtype_mismatch, fmt::format("{}: {}", call.text(), right));
}

void check_equal_dtypes(const OpCall& call, std::size_t first) {
  for (std::size_t i = first + 1; i < call.operands.size(); ++i) {
    if (call.dtype(i) == call.dtype(first)) continue;
    dtype_error(call, fmt::format("{} is {} and {} is {}; dtypes never promote, use convert",
                                  call.name(first), to_string(call.dtype(first)), call.name(i),
                                  to_string(call.dtype(i))));
  }
}

/// All operands are `wanted`, and of one dtype.
void check_kind(const OpCall& call, bool (*is_wanted)(DType), std::string_view wanted) {
  for (std::size_t i = 0; i < call.operands.size(); ++i) {
    if (is_wanted(call.dtype(i))) continue;
    dtype_error(
        call, fmt::format("{} must be {}, not {}", call.name(i), wanted, to_string(call.dtype(i))));
  }
  check_equal_dtypes(call, 0);
}

bool is_numeric(DType dtype) { return dtype != DType::boolean; }

void check_floating(const OpCall& call) {
  check_kind(call, is_floating, "floating (f16, bf16, f32 or f64)");
}
void check_numeric(const OpCall& call) { check_kind(call, is_numeric, "a number, of any width"); }
void check_integer(const OpCall& call) {
  check_kind(call, is_integer, "an integer (i8, u8, i16, i32 or i64)");
}

void check_boolean(const OpCall& call, std::size_t i) {
  if (call.dtype(i) == DType::boolean) return;
  dtype_error(call, fmt::format("{} must be bool, not {}", call.name(i), to_string(call.dtype(i))));
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
    case DTypeRule::floating: check_floating(call); return call.dtype(0);
    case DTypeRule::numeric: check_numeric(call); return call.dtype(0);
    case DTypeRule::integer: check_integer(call); return call.dtype(0);
    case DTypeRule::comparison: check_numeric(call); return DType::boolean;
    case DTypeRule::logical:
      for (std::size_t i = 0; i < call.operands.size(); ++i) check_boolean(call, i);
      return DType::boolean;
    case DTypeRule::select:
      check_boolean(call, 0);
      check_equal_dtypes(call, 1);
      return call.dtype(1);
    case DTypeRule::convert:
      if (attributes.dtype.has_value()) return *attributes.dtype;
      fail(ErrorCode::invalid_argument, "convert needs a dtype");
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast: return bitcast_dtype(call, attributes);
    case DTypeRule::same: return call.dtype(0);
    case DTypeRule::alike: check_equal_dtypes(call, 0); return call.dtype(0);
    case DTypeRule::lookup: return lookup_dtype(call, attributes);
  }
  SINTER_ASSERT(false, "check_arity refuses leaves");
}

Shape infer_shape(const OpCall& call, const Attributes& attributes) {
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

void check_attributes(const OpCall& call) {
  for (std::size_t i = 0; i < call.operands.size(); ++i) {
    if (!call.row.operands[i].attribute) continue;
    const Op op = call.node(i).op;
    if ((op == Op::parameter || op == Op::constant) && is_numeric(call.dtype(i))) continue;
    fail(ErrorCode::invalid_argument,
         fmt::format("{}: {} must be a number{}", call.text(), call.name(i),
                     call.row.op == Op::leaky_relu
                         ? "; a bool is none, and for a tensor of slopes use prelu"
                         : ""));
  }
}

}  // namespace

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
                 const Attributes& attributes) {
  const OpInfo& row = info(op);
  check_arity(op, operands.size());
  const OpCall call{graph, row, operands};
  check_attributes(call);
  ResultType result{infer_dtype(call, attributes), infer_shape(call, attributes)};
  check_shape(result.shape, row.name);
  return result;
}

}  // namespace sinter::detail
