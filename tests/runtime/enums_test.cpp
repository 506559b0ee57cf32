// Invalid enum values: each public function of this room refuses them.
#include "fixtures.h"

namespace sinter::test {
namespace {

/// Expects that `call` refuses each value from `count` to 255, and that the error names the number.
template <typename Enum>
void expect_refused(std::string_view name, std::size_t count,
                    const std::function<void(Enum)>& call) {
  for (std::size_t value = count; value <= 255; ++value) {
    const std::string words = std::string(name) + "(" + std::to_string(value) + ")";
    expect_error(ErrorCode::invalid_argument, words, [&] { call(static_cast<Enum>(value)); });
  }
}

TEST(Enums, InvalidStagesAndOptionsAreRefused) {
  const Engine engine({.threads = 1});
  const Executable program = engine.compile(make_leaky(8));
  expect_refused<Stage>("Stage", 8, [&](Stage stage) { (void)program.text(stage); });
  expect_refused<Stage>("Stage", 8, [](Stage stage) { (void)to_string(stage); });
  expect_refused<Fuse>("Fuse", 2,
                       [&](Fuse fuse) { (void)engine.compile(make_leaky(8), {.fuse = fuse}); });
  expect_refused<Specialize>("Specialize", 4, [&](Specialize specialize) {
    (void)engine.compile(make_leaky(8), {.specialize = specialize});
  });
  expect_refused<Rounding>("Rounding", 2, [&](Rounding rounding) {
    (void)engine.compile(make_leaky(8), {.rounding = rounding});
  });
  EXPECT_EQ(engine.stats().kernels.entries, 1) << "refused calls leave no cache entry";
}

TEST(Enums, InvalidOpsAndDtypesOfTensorsAreRefused) {
  const Engine engine({.threads = 1});
  const Tensor x = engine.tensor({1, 2});
  expect_refused<Op>("Op", all_ops().size(),
                     [&](Op op) { (void)Tensor::apply(op, std::span(&x, 1)); });
  const std::function<void(DType)> calls[] = {
      [&](DType dtype) { (void)engine.tensor({1, 2}, dtype); },
      [&](DType dtype) { (void)engine.full({2}, 1, dtype); },
      [&](DType dtype) { (void)engine.zeros({2}, dtype); },
      [&](DType dtype) { (void)engine.ones({0}, dtype); },
      [&](DType dtype) { (void)x.convert(dtype); },
      [&](DType dtype) { (void)x.bitcast(dtype); },
  };
  for (const auto& call : calls) expect_refused<DType>("DType", all_dtypes().size(), call);
  EXPECT_EQ(to_string(x + x), "[2, 4]") << "refused calls leave the trace unchanged";
}

TEST(Enums, InvalidDtypesOfViewsAreRefused) {
  const Engine engine({.threads = 1});
  const Graph graph = make_leaky(2);
  const Executable program = engine.compile(graph);
  float x[2] = {};
  float y[2] = {};
  expect_refused<DType>("DType", all_dtypes().size(), [&](DType dtype) {
    program.run({ConstTensorView{x, dtype, {2}, {}}}, {view(y, {2})});
  });
  expect_refused<DType>("DType", all_dtypes().size(), [&](DType dtype) {
    program.run({view(x, {2})}, {TensorView{y, dtype, {2}, {}}});
  });
  const auto f = engine.function([](Value v) { return v.relu(); });
  expect_refused<DType>("DType", all_dtypes().size(), [&](DType dtype) {
    f({ConstTensorView{x, dtype, {2}, {}}}, {view(y, {2})});
  });
}

}  // namespace
}  // namespace sinter::test
