// Products: their shapes.
//
//   mm   [..., M, K] and [..., K, N] give [..., M, N]; the axes in front broadcast
//   dot  operands broadcast but for the last axis, which is summed over and kept with length 1:
//        [..., M, 1, K] and [..., 1, N, K] give [..., M, N, 1]. An mm in the body of a kernel,
//        whose values all align to [..., M, N, K]; made by `partition`
#include <sinter/ir/product.h>

#include <algorithm>

#include <fmt/format.h>

#include "infer_call.h"

namespace sinter::detail {

void check_product_ranks(std::string_view op, const Shape& a, int a_rank, const Shape& b,
                         int b_rank) {
  if (a.rank() == a_rank && b.rank() == b_rank) return;
  fail(ErrorCode::shape_mismatch,
       fmt::format("{}: shapes {} and {}: it takes operands of rank {} and {}; matmul takes any",
                   op, to_string(a), to_string(b), a_rank, b_rank));
}

MatmulShapes matmul_shapes(const Shape& a, const Shape& b) {
  if (a.empty() || b.empty()) {
    fail(
        ErrorCode::shape_mismatch,
        fmt::format("matmul: shapes {} and {}: it takes vectors and matrices; for a number use mul",
                    to_string(a), to_string(b)));
  }
  MatmulShapes shapes{a, b, {}};
  if (a.rank() == 1) shapes.a = {1, a[0]};
  if (b.rank() == 1) shapes.b = {b[0], 1};
  Shape batch;
  const auto front = [](const Shape& shape) {
    return Shape(std::span(shape.begin(), shape.end() - 2));
  };
  if (!broadcast_shapes(front(shapes.a), front(shapes.b), batch)) batch = front(shapes.a);
  shapes.result = batch;
  if (a.rank() > 1) shapes.result.push_back(a[a.rank() - 2]);
  if (b.rank() > 1) shapes.result.push_back(b[b.rank() - 1]);
  return shapes;
}

namespace {

[[noreturn]] void refuse(const OpCall& call, const std::string& right) {
  fail(ErrorCode::shape_mismatch, fmt::format("{}: {}", call.text(), right));
}

/// Both shapes without their last `count` axes, broadcast.
Shape joined_front(const OpCall& call, int count) {
  Shape result;
  const auto front = [&](std::size_t i) {
    const Shape& shape = call.shape(i);
    return Shape(std::span(shape.begin(), shape.end() - count));
  };
  if (broadcast_shapes(front(0), front(1), result)) return result;
  refuse(call,
         "the axes in front do not broadcast; aligned at the last of them, lengths must be "
         "equal or 1");
}

Shape infer_mm(const OpCall& call) {
  const Shape& a = call.shape(0);
  const Shape& b = call.shape(1);
  if (a.rank() < 2 || b.rank() < 2) refuse(call, "it takes matrices; matmul takes vectors too");
  // In a kernel they have an axis more.
  if (std::max(a.rank(), b.rank()) == kMaxRank) {
    refuse(call, fmt::format("it takes at most {} axes", kMaxRank - 1));
  }
  const std::int64_t columns = a[a.rank() - 1];
  const std::int64_t rows = b[b.rank() - 2];
  if (columns != rows) {
    refuse(call,
           fmt::format("a has {} columns and b has {} rows: they must be as many", columns, rows));
  }
  Shape result = joined_front(call, 2);
  result.push_back(a[a.rank() - 2]);
  result.push_back(b[b.rank() - 1]);
  return result;
}

Shape infer_dot(const OpCall& call) {
  const Shape& a = call.shape(0);
  const Shape& b = call.shape(1);
  const bool meet = !a.empty() && !b.empty() && a[a.rank() - 1] == b[b.rank() - 1];
  if (!meet) refuse(call, "the last axes of both must have one length");
  Shape result = joined_front(call, 1);
  result.push_back(1);
  return result;
}

}  // namespace

Shape infer_product(const OpCall& call) {
  return call.row.op == Op::mm ? infer_mm(call) : infer_dot(call);
}

}  // namespace sinter::detail
