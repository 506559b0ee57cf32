// How tensors print.
#include <limits>
#include <sstream>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

TEST(TensorText, PrintsLikeNumPy) {
  const Engine engine;
  const Tensor x = engine.tensor({-2, -1, 0, 1, 2});
  std::ostringstream out;
  out << x.leaky_relu();
  EXPECT_EQ(out.str(), "[-0.02, -0.01, 0, 1, 2]");
  EXPECT_EQ(to_string(x.leaky_relu(0.2)), "[-0.4, -0.2, 0, 1, 2]");
  EXPECT_EQ(to_string(engine.tensor({{1, 2}, {3, 4}})), "[[1, 2],\n [3, 4]]");
  EXPECT_EQ(to_string(engine.zeros({2, 1, 2})), "[[[0, 0]],\n\n [[0, 0]]]");
  EXPECT_EQ(to_string(engine.tensor(0.5)), "0.5");
}

TEST(TensorText, ShowsTheFewestDigits) {
  const Engine engine;
  const double third = 1.0 / 3;
  EXPECT_EQ(to_string(engine.tensor({third, -0.0, 1e-20, 16777216, 1e30})),
            "[0.33333334, -0, 1e-20, 16777216, 1e+30]");
  EXPECT_EQ(to_string(engine.tensor({third, 100}, DType::f64)), "[0.3333333333333333, 100] f64");
  EXPECT_EQ(to_string(engine.tensor({third, 0.1, 65504, 0}, DType::f16)),
            "[0.3333, 0.1, 6.55e+04, 0] f16");
  EXPECT_EQ(to_string(engine.tensor({0.1, 3}, DType::bf16)), "[0.1, 3] bf16");
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_string(engine.tensor({kInf, -kInf, kInf - kInf})), "[inf, -inf, nan]");
  EXPECT_EQ(to_string(engine.tensor({kInf, 1}, DType::f16)), "[inf, 1] f16");
}

TEST(TensorText, ShowsTheDTypeWhereItCannotBeSeen) {
  const Engine engine;
  EXPECT_EQ(to_string(engine.tensor({-1, 2}, DType::i8)), "[-1, 2] i8");
  EXPECT_EQ(to_string(engine.tensor(std::vector<std::int64_t>{INT64_MIN, INT64_MAX})),
            "[-9223372036854775808, 9223372036854775807] i64");
  EXPECT_EQ(to_string(engine.tensor({1, 2}) > 1), "[false, true]");
}

TEST(TensorText, LeavesOutTheMiddleOfMoreThan1000Elements) {
  const Engine engine;
  std::vector<float> counts(1001);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<float>(i);
  EXPECT_EQ(to_string(engine.tensor(counts)), "[0, 1, 2, ..., 998, 999, 1000] f32[1001]");
  EXPECT_EQ(to_string(engine.tensor(counts, {7, 143})).substr(0, 57),
            "[[0, 1, 2, ..., 140, 141, 142],\n [143, 144, 145, ..., 283");
  EXPECT_EQ(to_string(engine.ones({1001, 1}, DType::u8)),
            "[[1],\n [1],\n [1],\n ...,\n [1],\n [1],\n [1]] u8[1001, 1]");
  counts.pop_back();
  EXPECT_EQ(to_string(engine.tensor(counts)).find("..."), std::string::npos);
}

TEST(TensorText, ShowsTheShapeOfNothing) {
  const Engine engine;
  EXPECT_EQ(to_string(engine.zeros({0})), "[] f32[0]");
  EXPECT_EQ(to_string(engine.zeros({2, 0})), "[[],\n []] f32[2, 0]");
  EXPECT_EQ(to_string(engine.zeros({0, 3}, DType::i32)), "[] i32[0, 3]");
}

}  // namespace
}  // namespace sinter::test
