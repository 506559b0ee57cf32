// Invariants of all rows of the op and dtype tables, on which other code relies.
#include <gtest/gtest.h>

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter {
namespace {

static_assert(dtype_of<float> == DType::f32);
static_assert(dtype_of<const double> == DType::f64);
static_assert(dtype_of<bool> == DType::boolean);
static_assert(dtype_of<const std::int8_t> == DType::i8);
static_assert(dtype_of<unsigned> == std::nullopt);

TEST(DTypeTable, IsInOrderOfTheEnumAndFoundByName) {
  for (std::size_t i = 0; i < all_dtypes().size(); ++i) {
    const DTypeInfo& row = all_dtypes()[i];
    EXPECT_EQ(static_cast<std::size_t>(row.dtype), i);
    EXPECT_EQ(&info(row.dtype), &row);
    EXPECT_EQ(dtype_from_name(row.name), row.dtype);
    EXPECT_EQ(is_floating(row.dtype), row.kind == DTypeKind::floating);
  }
  EXPECT_EQ(dtype_from_name("f31"), std::nullopt);
}

TEST(OpTable, IsInOrderOfTheEnumAndFoundByName) {
  for (std::size_t i = 0; i < all_ops().size(); ++i) {
    const OpInfo& row = all_ops()[i];
    EXPECT_EQ(static_cast<std::size_t>(row.op), i);
    EXPECT_EQ(&info(row.op), &row);
    EXPECT_EQ(op_from_name(row.name), row.op);
    EXPECT_EQ(to_string(row.op), row.name);
  }
  EXPECT_EQ(op_from_name("leaky"), std::nullopt);
}

TEST(OpTable, NamesEveryOperandAndNothingElse) {
  for (const OpInfo& row : all_ops()) {
    SCOPED_TRACE(row.name);
    ASSERT_LE(row.arity, kMaxOperands);
    EXPECT_EQ(row.arity == 0, row.kind == OpKind::leaf);
    for (int i = 0; i < kMaxOperands; ++i) {
      const OperandInfo& operand = row.operands[static_cast<std::size_t>(i)];
      EXPECT_EQ(operand.name.empty(), i >= row.arity);
      EXPECT_TRUE(operand.attribute || !operand.default_value.has_value());
      // Attributes come last: they are printed after the tensors.
      if (i > 0 && row.operands[static_cast<std::size_t>(i) - 1].attribute && i < row.arity) {
        EXPECT_TRUE(operand.attribute);
      }
    }
    EXPECT_FALSE(row.arity > 0 && row.operands[0].attribute) << "the first operand is a tensor";
  }
}

TEST(OpTable, KnowsTheDefaultSlope) {
  const OperandInfo& slope = info(Op::leaky_relu).operands[1];
  EXPECT_EQ(slope.name, "negative_slope");
  EXPECT_EQ(slope.default_value, 0.01);
  EXPECT_FALSE(info(Op::clamp).operands[1].default_value.has_value());
}

}  // namespace
}  // namespace sinter
