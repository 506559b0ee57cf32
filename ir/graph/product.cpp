// Products: checks of their operands, and the shapes of their results.
//
//   mm   [..., M, K] and [..., K, N] give [..., M, N]; leading axes broadcast
//   dot  [..., M, 1, K] and [..., 1, N, K] give [..., M, N, 1]; all axes but the last broadcast.
//        `partition` records it for an mm in the body of a kernel, where all values are aligned to
//        the axes [..., M, N, K]
#include <sinter/ir/product.h>

#include <algorithm>

#include <fmt/format.h>

#include "graph/infer_call.h"

namespace sinter::detail {

namespace {

[[noreturn]] void refuse_shapes(std::string_view method, const Shape& a, const Shape& b,
                                std::string_view reason) {
  fail(ErrorCode::shape_mismatch,
       fmt::format("{}: shapes {} and {}: {}", method, to_string(a), to_string(b), reason));
}

/// Throws Error unless both operands have the same K: the columns of the first one are as many as
/// the rows of the second one.
void check_contracted(std::string_view method, const Shape& a, const Shape& b) {
  const std::int64_t columns = a[a.rank() - 1];
  const std::int64_t rows = b.rank() == 1 ? b[0] : b[b.rank() - 2];
  if (columns == rows) return;
  refuse_shapes(method, a, b,
                fmt::format("the first has {} {} and the second {} {}: they must be equal", columns,
                            a.rank() == 1 ? "elements" : "columns", rows,
                            b.rank() == 1 ? "elements" : "rows"));
}

}  // namespace

void check_product(std::string_view method, const Shape& a, int a_rank, const Shape& b,
                   int b_rank) {
  if (a.rank() != a_rank || b.rank() != b_rank) {
    refuse_shapes(
        method, a, b,
        fmt::format("it takes operands of rank {} and {}; matmul takes any", a_rank, b_rank));
  }
  check_contracted(method, a, b);
  if (a_rank == 3 && a[0] != b[0] && a[0] != 1 && b[0] != 1) {
    refuse_shapes(method, a, b,
                  "both must have equal numbers of matrices; matmul broadcasts leading axes");
  }
}

void check_outer(const Shape& a, const Shape& b) {
  if (a.rank() == 1 && b.rank() == 1) return;
  refuse_shapes("outer", a, b, "it takes operands of rank 1; reshape({-1}) makes a vector");
}

MatmulShapes matmul_shapes(const Shape& a, const Shape& b) {
  if (a.empty() || b.empty()) {
    refuse_shapes("matmul", a, b, "it takes vectors and matrices; for a number use mul");
  }
  check_contracted("matmul", a, b);
  MatmulShapes shapes{a, b, {}};
  if (a.rank() == 1) shapes.a = {1, a[0]};
  if (b.rank() == 1) shapes.b = {b[0], 1};
  Shape batch;
  const auto front = [](const Shape& shape) {
    return Shape(std::span(shape.begin(), shape.end() - 2));
  };
  if (!broadcast_shapes(front(shapes.a), front(shapes.b), batch)) {
    refuse_shapes("matmul", a, b,
                  "the leading axes do not broadcast; aligned at the last of them, lengths must be "
                  "equal or 1");
  }
  shapes.result = batch;
  if (a.rank() > 1) shapes.result.push_back(a[a.rank() - 2]);
  if (b.rank() > 1) shapes.result.push_back(b[b.rank() - 1]);
  return shapes;
}

namespace {

[[noreturn]] void refuse(const OpCall& call, const std::string& reason) {
  fail(ErrorCode::shape_mismatch, fmt::format("{}: {}", call.text(), reason));
}

/// The shapes of both operands without their last `count` axes, broadcast.
Shape joined_front(const OpCall& call, int count) {
  Shape result;
  const auto front = [&](std::size_t i) {
    const Shape& shape = call.shape(i);
    return Shape(std::span(shape.begin(), shape.end() - count));
  };
  if (broadcast_shapes(front(0), front(1), result)) return result;
  refuse(call,
         "the leading axes do not broadcast; aligned at the last of them, lengths must be "
         "equal or 1");
}

Shape infer_mm(const OpCall& call) {
  const Shape& a = call.shape(0);
  const Shape& b = call.shape(1);
  if (a.rank() < 2 || b.rank() < 2) refuse(call, "it takes matrices; matmul takes vectors too");
  // A dot has one axis more than the mm.
  if (std::max(a.rank(), b.rank()) == kMaxRank) {
    refuse(call, fmt::format("it takes at most {} axes", kMaxRank - 1));
  }
  const std::int64_t columns = a[a.rank() - 1];
  const std::int64_t rows = b[b.rank() - 2];
  if (columns != rows) {
    refuse(call,
           fmt::format("a has {} columns and b has {} rows: they must be equal", columns, rows));
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
