// Shapes of products, and the errors for shapes that do not match.
#include <gtest/gtest.h>

#include <sinter/ir/graph.h>

#include "support/expect_error.h"

namespace sinter::test {
namespace {

TEST(Product, ShapesFollowNumPy) {
  Graph graph;
  const auto input = [&](std::string_view name, const Shape& shape) {
    return graph.input(name, DType::f32, shape);
  };
  const Value matrix = input("matrix", {2, 3});
  const Value other = input("other", {3, 4});
  const Value vector = input("vector", {3});
  const Value many = input("many", {5, 1, 2, 3});
  const Value more = input("more", {6, 3, 4});
  EXPECT_EQ(matrix.mm(other).shape(), (Shape{2, 4}));
  EXPECT_EQ(matrix.mv(vector).shape(), (Shape{2}));
  EXPECT_EQ(vector.matmul(other).shape(), (Shape{4}));
  EXPECT_EQ(vector.matmul(vector).shape(), Shape{});
  EXPECT_EQ(vector.outer(vector).shape(), (Shape{3, 3}));
  EXPECT_EQ(many.matmul(more).shape(), (Shape{5, 6, 2, 4}));
  EXPECT_EQ(many.matmul(vector).shape(), (Shape{5, 1, 2}));
  EXPECT_EQ(more.bmm(input("last", {6, 4, 1})).shape(), (Shape{6, 3, 1}));
}

TEST(Product, RefusesShapesThatDoNotMeet) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {2, 3});
  const Value b = graph.input("b", DType::f32, {4, 5});
  const Value vector = graph.input("vector", DType::f32, {3});
  const Value batch = graph.input("batch", DType::f32, {2, 3, 5});
  const Value others = graph.input("others", DType::f32, {3, 3, 5});
  const Value integers = graph.input("integers", DType::i32, {3, 2});
  expect_error(ErrorCode::shape_mismatch,
               "mm: shapes [2, 3] and [4, 5]: the first has 3 columns and the second 4 rows: they "
               "must be equal",
               [&] { static_cast<void>(a.mm(b)); });
  expect_error(ErrorCode::shape_mismatch,
               "mm: shapes [2, 3] and [3]: it takes operands of rank 2 and 2; matmul takes any",
               [&] { static_cast<void>(a.mm(vector)); });
  expect_error(ErrorCode::shape_mismatch,
               "mv: shapes [2, 3] and [4, 5]: it takes operands of rank 2 and 1; matmul takes any",
               [&] { static_cast<void>(a.mv(b)); });
  expect_error(ErrorCode::shape_mismatch,
               "matmul: shapes [2, 3] and []: it takes vectors and matrices; for a number use mul",
               [&] { static_cast<void>(a.matmul(a.sum())); });
  expect_error(ErrorCode::shape_mismatch,
               "bmm: shapes [2, 5, 3] and [3, 3, 5]: both must have equal numbers of matrices; "
               "matmul broadcasts leading axes",
               [&] { static_cast<void>(batch.transpose({0, 2, 1}).bmm(others)); });
  expect_error(ErrorCode::shape_mismatch,
               "bmm: shapes [2, 3, 5] and [3, 3, 5]: the first has 5 columns and the second 3 rows",
               [&] { static_cast<void>(batch.bmm(others)); });
  expect_error(ErrorCode::shape_mismatch,
               "matmul: shapes [2, 5, 3] and [3, 3, 5]: the leading axes do not broadcast; aligned "
               "at the last of them, lengths must be equal or 1",
               [&] { static_cast<void>(batch.transpose({0, 2, 1}).matmul(others)); });
  expect_error(ErrorCode::shape_mismatch,
               "mv: shapes [2, 3] and [4]: the first has 3 columns and the second 4 elements",
               [&] { static_cast<void>(a.mv(b.slice(1, 0, 1).reshape({-1}))); });
  expect_error(ErrorCode::shape_mismatch,
               "outer: shapes [2, 3] and [3]: it takes operands of rank 1; reshape({-1}) makes a "
               "vector",
               [&] { static_cast<void>(a.outer(vector)); });
  const Value operands[] = {a, b};
  expect_error(ErrorCode::shape_mismatch,
               "mm(a: f32[2, 3], b: f32[4, 5]): a has 3 columns and b has 4 rows: they must be "
               "equal",
               [&] { static_cast<void>(Value::apply(Op::mm, operands)); });
  expect_error(ErrorCode::dtype_mismatch,
               "mm(a: i32[3, 2], b: i32[2, 3]): a must be floating (f16, bf16, f32 or f64), not "
               "i32",
               [&] { static_cast<void>(integers.mm(integers.transpose())); });
}

}  // namespace
}  // namespace sinter::test
