// run() and bind(): the buffers that they refuse, with which message, and that they write nothing
// then. Also the ways in which buffers may share memory.
#include <array>
#include <string>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

/// A program for y = x + row, with x and y of shape [2, 3], and its buffers.
class Buffers : public testing::Test {
 protected:
  Buffers() : program(engine.compile(make_graph())) { y.fill(kUntouched); }

  static Graph make_graph() {
    Graph graph;
    const Value in = graph.input("x", DType::f32, {2, 3});
    graph.output("y", in + graph.input("row", DType::f32, {3}));
    return graph;
  }
  /// Error message of run. Expects that bind fails with the same message and nothing is written.
  std::string refusal(std::vector<ConstTensorView> inputs, std::vector<TensorView> outputs) {
    const std::string message = error_of([&] { program.run(inputs, outputs); });
    EXPECT_EQ(error_of([&] { static_cast<void>(program.bind(inputs, outputs)); }), message);
    for (float value : y) EXPECT_EQ(value, kUntouched);
    return message;
  }

  static constexpr float kUntouched = -77;
  Engine engine;
  Executable program;
  std::array<float, 32> x{1, 2, 3, 4, 5, 6};
  std::array<float, 3> row{10, 20, 30};
  std::array<float, 32> y{};
  ConstTensorView x_view = view(x, {2, 3});
  ConstTensorView row_view = view(row, {3});
  TensorView y_view = view(y, {2, 3});
};

TEST_F(Buffers, OfTheRightKindAreTaken) {
  program.run({x_view, row_view}, {y_view});
  EXPECT_EQ(y[5], 36);
}

TEST_F(Buffers, WrongNumber) {
  EXPECT_EQ(refusal({x_view}, {y_view}),
            "invalid_argument: the program has 2 inputs: input 'x', input 'row'; got 1 view");
  EXPECT_EQ(refusal({x_view, row_view, row_view}, {y_view}),
            "invalid_argument: the program has 2 inputs: input 'x', input 'row'; got 3 views");
  EXPECT_EQ(refusal({x_view, row_view}, {}),
            "invalid_argument: the program has 1 output: output 'y'; got 0 views");
}

TEST_F(Buffers, WrongDType) {
  std::array<double, 6> doubles{};
  EXPECT_EQ(refusal({view(doubles, {2, 3}), row_view}, {y_view}),
            "dtype_mismatch: input 'x' is f32[2, 3], got a view of f64[2, 3]");
  EXPECT_EQ(refusal({x_view, row_view}, {view(doubles, {2, 3})}),
            "dtype_mismatch: output 'y' is f32[2, 3], got a view of f64[2, 3]");
}

TEST_F(Buffers, WrongShape) {
  EXPECT_EQ(refusal({view(x, {3, 2}), row_view}, {y_view}),
            "shape_mismatch: input 'x' has shape [2, 3], got a view of shape [3, 2]");
  EXPECT_EQ(refusal({x_view, view(row, {1, 3})}, {y_view}),
            "shape_mismatch: input 'row' has shape [3], got a view of shape [1, 3]");
  EXPECT_EQ(refusal({x_view, row_view}, {view(y, {6})}),
            "shape_mismatch: output 'y' has shape [2, 3], got a view of shape [6]");
}

TEST_F(Buffers, WrongStrides) {
  EXPECT_EQ(
      refusal({view(x, {2, 3}, {1, 2}), row_view}, {y_view}),
      "invalid_buffer: input 'x' of shape [2, 3] was declared dense, got strides [1, 2]: give "
      "Graph::input the strides of the buffer");
  EXPECT_EQ(
      refusal({x_view, row_view}, {view(y, {2, 3}, {4, 1})}),
      "invalid_buffer: output 'y' of shape [2, 3] was declared dense, got strides [4, 1]: give "
      "Graph::output the strides of the buffer");
  Strides too_few = {1};
  EXPECT_EQ(refusal({{x.data(), DType::f32, {2, 3}, too_few}, row_view}, {y_view}),
            "invalid_buffer: input 'x' of shape [2, 3] was declared dense, got strides [1]: give "
            "Graph::input the strides of the buffer");
}

TEST_F(Buffers, DenseStridesMayBeSpelledOut) {
  program.run({view(x, {2, 3}, {3, 1}), view(row, {3}, {1})}, {view(y, {2, 3}, {3, 1})});
  EXPECT_EQ(y[5], 36);
}

TEST_F(Buffers, NullData) {
  EXPECT_EQ(refusal({{nullptr, DType::f32, {2, 3}, {}}, row_view}, {y_view}),
            "invalid_buffer: input 'x' is f32[2, 3] and not empty, got null data");
  EXPECT_EQ(refusal({x_view, row_view}, {{nullptr, DType::f32, {2, 3}, {}}}),
            "invalid_buffer: output 'y' is f32[2, 3] and not empty, got null data");
}

TEST_F(Buffers, NotAlignedToTheirElement) {
  const void* odd = reinterpret_cast<const std::byte*>(x.data()) + 2;
  const std::string message = refusal({{odd, DType::f32, {2, 3}, {}}, row_view}, {y_view});
  EXPECT_TRUE(message.starts_with("invalid_buffer: input 'x' at 0x")) << message;
  EXPECT_TRUE(message.ends_with(" is not aligned to its element: f32 needs a multiple of 4 bytes"))
      << message;
}

TEST_F(Buffers, AnOutputThatOverlapsAnInputInPart) {
  const std::string message = refusal({view(&y[1], {2, 3}), row_view}, {y_view});
  EXPECT_TRUE(message.starts_with("invalid_buffer: output 'y' (24 bytes at 0x")) << message;
  EXPECT_NE(message.find(") overlaps input 'x' (24 bytes at 0x"), std::string::npos) << message;
  EXPECT_TRUE(
      message.ends_with("): an output may be the very buffer and layout of an input, "
                        "and must lie apart from everything else"))
      << message;
  EXPECT_NE(refusal({x_view, view(&y[5], {3})}, {y_view}), "no error");
  EXPECT_NE(refusal({x_view, view(&y[0], {3})}, {y_view}), "no error")
      << "y in place of row: row is read again for every row of y";
}

TEST_F(Buffers, NeighboursDoNotOverlap) {
  std::array<float, 12> both{1, 2, 3, 4, 5, 6};
  program.run({view(both.data(), {2, 3}), row_view}, {view(&both[6], {2, 3})});
  EXPECT_EQ(both[11], 36);
  program.run({view(&both[6], {2, 3}), row_view}, {view(both.data(), {2, 3})});
  EXPECT_EQ(both[0], 21);
}

TEST_F(Buffers, AnOutputMayBeTheVeryBufferOfAnInput) {
  program.run({x_view, row_view}, {view(x, {2, 3})});
  EXPECT_EQ(x[0], 11);
  EXPECT_EQ(x[5], 36);
  Call call = program.bind({x_view, row_view}, {view(x, {2, 3})});
  call();
  EXPECT_EQ(x[5], 66);
}

/// y = x + 1 and z = x * 2, each of shape [rows, columns] with these strides.
Graph two_outputs(std::int64_t rows, std::int64_t columns, const Strides& strides) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {rows, columns});
  graph.output("y", x + 1, strides);
  graph.output("z", x * 2, strides);
  return graph;
}

TEST(Apart, ElementsOfTwoOutputsMayAlternate) {
  for (int threads : {1, 3}) {
    const Engine engine({.threads = threads, .parallel_nanoseconds = 1});
    const Executable program = engine.compile(two_outputs(1, 1000, {2000, 2}));
    std::vector<float> x(1000, 3);
    std::vector<float> both(2000, -1);
    program.run({view(x, {1, 1000})},
                {view(both, {1, 1000}, {2000, 2}), view(both.data() + 1, {1, 1000}, {2000, 2})});
    for (std::size_t i = 0; i < both.size(); i += 2) {
      ASSERT_EQ(both[i], 4);
      ASSERT_EQ(both[i + 1], 6);
    }
  }
}

TEST(Apart, OutputsMayLieSideBySideInOneMatrix) {
  const Executable program = Engine().compile(two_outputs(10, 3, {6, 1}));
  std::vector<float> x(30, 3);
  std::vector<float> matrix(60, -1);
  program.run({view(x, {10, 3})},
              {view(matrix.data() + 3, {10, 3}, {6, 1}), view(matrix.data(), {10, 3}, {6, 1})});
  for (std::size_t i = 0; i < matrix.size(); ++i) ASSERT_EQ(matrix[i], i % 6 < 3 ? 6 : 4) << i;
  const std::string message = error_of([&] {
    program.run({view(x, {10, 3})},
                {view(matrix.data() + 2, {10, 3}, {6, 1}), view(matrix.data(), {10, 3}, {6, 1})});
  });
  EXPECT_NE(message.find("output 'z' (228 bytes at "), std::string::npos) << message;
  EXPECT_NE(message.find("overlaps output 'y'"), std::string::npos) << message;
}

TEST(Apart, AnOutputMayLieBetweenTheElementsOfAnInput) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {100}, {2}) + 1, {2});
  const Executable program = Engine().compile(graph);
  std::vector<float> memory(200, 1);
  program.run({view(memory, {100}, {2})}, {view(memory.data() + 1, {100}, {2})});
  for (std::size_t i = 0; i < memory.size(); ++i) ASSERT_EQ(memory[i], i % 2 == 0 ? 1 : 2);
  program.run({view(memory, {100}, {2})}, {view(memory, {100}, {2})});
  EXPECT_EQ(memory[198], 2) << "in place, with strides";
}

/// Each output is one column of a matrix. There are too many of them to be compared pairwise.
TEST(Apart, ManyOutputsMayLieInOneMatrix) {
  constexpr std::int64_t kColumns = 100;
  constexpr std::int64_t kRows = 5;
  Graph graph;
  for (std::int64_t i = 0; i < kColumns; ++i) {
    const Value x = graph.input("x" + std::to_string(i), DType::f32, {kRows}, {kColumns});
    graph.output("y" + std::to_string(i), x * 2.0, {kColumns});
  }
  const Executable program = Engine().compile(graph);
  std::vector<float> matrix(kRows * kColumns, 3);
  std::vector<ConstTensorView> in;
  std::vector<TensorView> out;
  for (std::int64_t i = 0; i < kColumns; ++i) {
    in.push_back(view(matrix.data() + i, {kRows}, {kColumns}));
    out.push_back(view(matrix.data() + i, {kRows}, {kColumns}));
  }
  program.run(in, out);
  EXPECT_EQ(matrix, std::vector<float>(kRows * kColumns, 6)) << "each output overwrites its input";
  out[70] = view(matrix.data() + 13, {kRows}, {kColumns});
  const std::string message = error_of([&] { program.run(in, out); });
  EXPECT_NE(message.find("output 'y70' (1604 bytes at "), std::string::npos) << message;
  EXPECT_NE(message.find(" overlaps "), std::string::npos) << message;
  EXPECT_EQ(matrix, std::vector<float>(kRows * kColumns, 6));
}

TEST(InPlace, GivesTheSameBitsAtAnyLengthAndThreadCount) {
  for (int threads : {1, 3}) {
    const Engine engine({.threads = threads, .parallel_nanoseconds = 1});
    for (std::int64_t length : {1, 7, 64, 100, 1000, 33333}) {
      const Graph graph = make_chain(length, 3);
      std::vector<TensorData> inputs = make_inputs(graph);
      const std::vector<TensorData> expected = interpret(graph, inputs);
      const std::vector<ConstTensorView> views = input_views(inputs);
      engine.compile(graph).run(
          views, std::vector<TensorView>{{inputs[3].bytes.data(), DType::f32, {length, 3}, {}}});
      EXPECT_EQ(first_difference(inputs[3], expected[0]), -1) << length;
    }
  }
}

TEST(InPlace, EveryOutputMayHaveAnInputOfItsOwn) {
  const Engine engine;
  Graph graph;
  const Value a = graph.input("a", DType::f64, {100});
  const Value b = graph.input("b", DType::f64, {100});
  graph.output("sum", a + b);
  graph.output("difference", a - b);
  std::vector<TensorData> inputs = make_inputs(graph);
  const std::vector<TensorData> expected = interpret(graph, inputs);
  const std::vector<ConstTensorView> views = input_views(inputs);
  engine.compile(graph).run(views, output_views(inputs));
  expect_equal(inputs, expected);
}

TEST(InPlace, TwoOutputsNeverShareABuffer) {
  const Engine engine;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("a", x + 1.0);
  graph.output("b", x + 1.0);
  std::array<float, 4> in{};
  std::array<float, 4> out{};
  const std::string message = error_of(
      [&] { engine.compile(graph).run({view(in, {4})}, {view(out, {4}), view(out, {4})}); });
  EXPECT_TRUE(message.starts_with("invalid_buffer: output 'b' (16 bytes at ")) << message;
  EXPECT_NE(message.find("overlaps output 'a'"), std::string::npos) << message;
}

TEST(InPlace, ABufferOfAnotherElementSizeIsRefused) {
  const Engine engine;
  Graph graph;
  graph.output("mask", graph.input("x", DType::f32, {4}).greater(0.0));
  std::array<float, 4> x{};
  const TensorView mask{x.data(), DType::boolean, {4}, {}};
  const std::string message = error_of([&] { engine.compile(graph).run({view(x, {4})}, {mask}); });
  EXPECT_NE(message.find("overlaps input 'x'"), std::string::npos) << message;
}

TEST(InPlace, TheSameBufferInAnotherLayoutIsRefused) {
  const Engine engine;
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {3, 3}) + 1.0, {1, 3});
  const Executable program = engine.compile(graph);
  std::array<float, 9> both{};
  const std::string message =
      error_of([&] { program.run({view(both, {3, 3})}, {view(both, {3, 3}, {1, 3})}); });
  EXPECT_NE(message.find("overlaps input 'x'"), std::string::npos) << message;
}

TEST(InPlace, AnInputThatALaterKernelReadsIsRefused) {
  const Engine engine;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const Value first = x + 1.0;
  graph.output("first", first);
  graph.output("last", first * x);
  std::array<float, 4> a{1, 2, 3, 4};
  std::array<float, 4> b{};
  const ConstTensorView in = view(a, {4});
  const Executable fused = engine.compile(graph);
  fused.run({in}, {view(a, {4}), view(b, {4})});
  EXPECT_EQ(b[3], 20) << "the only kernel reads each element of x before it overwrites it";
  const Executable unfused = engine.compile(graph, {.fuse = Fuse::none});
  EXPECT_EQ(error_of([&] { unfused.run({in}, {view(a, {4}), view(b, {4})}); }),
            "invalid_buffer: output 'first' is given the buffer of input 'x', which kernel 1 still "
            "reads after kernel 0 has written it: give output 'first' a buffer of its own");
  unfused.run({in}, {view(b, {4}), view(a, {4})});
  EXPECT_EQ(a[3], 30) << "the last kernel may overwrite its input";
}

TEST(InPlace, AnInputThatIsReadInAnotherOrderIsRefused) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 2});
  graph.output("y", x + x.transpose());
  const Executable program = Engine().compile(graph);
  std::array<float, 4> data{1, 2, 3, 4};
  EXPECT_EQ(error_of([&] { program.run({view(data, {2, 2})}, {view(data, {2, 2})}); }),
            "invalid_buffer: output 'y' is given the buffer of input 'x', but this graph reads the "
            "input in an order other than that of memory: give output 'y' a buffer of its own");
  EXPECT_EQ(data, (std::array<float, 4>{1, 2, 3, 4}));
}

TEST(InPlace, AnOperandOfAProductMayBeReplacedByALaterKernel) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 2});
  const Value residual = graph.input("residual", DType::f32, {2, 2});
  const Value product = x.mm(x);
  graph.output("sum", product + residual);
  graph.output("next", product.mm(product) + x);
  const Executable program = Engine().compile(graph);
  std::array<float, 4> a{1, 2, 3, 4};
  std::array<float, 4> b{1, 1, 1, 1};
  std::array<float, 4> spare{};
  const auto in = [](auto& data) { return view(data, {2, 2}); };
  EXPECT_EQ(error_of([&] { program.run({in(a), in(b)}, {in(a), in(spare)}); }),
            "invalid_buffer: output 'sum' is given the buffer of input 'x', which kernel 1 still "
            "reads after kernel 0 has written it: give output 'sum' a buffer of its own");
  program.run({in(a), in(b)}, {in(b), in(a)});
  EXPECT_EQ(b, (std::array<float, 4>{8, 11, 16, 23})) << "sum overwrites residual";
  EXPECT_EQ(a, (std::array<float, 4>{200, 292, 438, 638})) << "next overwrites x";
  Graph square;
  const Value y = square.input("y", DType::f32, {2, 2});
  square.output("z", y.mm(y));
  EXPECT_EQ(error_of([&] { Engine().compile(square).run({in(a)}, {in(a)}); }),
            "invalid_buffer: output 'z' is given the buffer of input 'y', but this graph reads the "
            "input in an order other than that of memory: give output 'z' a buffer of its own");
}

TEST(InPlace, AnOutputThatIsWrittenInPartsIsRefused) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const Value half = graph.input("half", DType::f32, {2});
  graph.output("y", Value::concat({half.relu(), half * 2}, 0) + x);
  const Executable program = Engine().compile(graph);
  std::array<float, 4> data{1, 2, 3, 4};
  std::array<float, 2> other{5, 6};
  const std::string message =
      error_of([&] { program.run({view(data, {4}), view(other, {2})}, {view(data, {4})}); });
  EXPECT_NE(message.find("writes the output part by part"), std::string::npos) << message;
}

TEST(Strides, MustBeThoseDeclared) {
  const Engine engine;
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2, 3}, {6, 2}) * 2.0);
  const Executable program = engine.compile(graph);
  std::vector<float> x(12, 1.0F);
  std::vector<float> y(6);
  program.run({view(x, {2, 3}, {6, 2})}, {view(y, {2, 3})});
  EXPECT_EQ(y[5], 2);
  EXPECT_EQ(
      error_of([&] { program.run({view(x, {2, 3})}, {view(y, {2, 3})}); }),
      "invalid_buffer: input 'x' of shape [2, 3] was declared with strides [6, 2], got a dense "
      "view: give Graph::input the strides of the buffer");
}

TEST(Strides, ThatAreNegativeReachBackFromTheirElement) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", x + 1, {-1});
  const Executable program = Engine().compile(graph);
  std::array<float, 12> memory{1, 2, 3, 4};
  const ConstTensorView in = view(memory.data(), {4});
  const auto out = [&](int last) { return view(memory.data() + last, {4}, {-1}); };
  for (int last : {4, 6}) {
    EXPECT_NE(error_of([&] { program.run({in}, {out(last)}); }).find("overlaps"),
              std::string::npos);
  }
  program.run({in}, {out(7)});
  EXPECT_EQ(memory[7], 2);
  EXPECT_EQ(memory[4], 5);
}

TEST(Strides, OfAxesWithOneElementDoNotMatter) {
  const Engine engine;
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {1, 3}, {77, 1}) * 2.0);
  const Executable program = engine.compile(graph);
  std::vector<float> x(80, 1.0F);
  std::vector<float> y(3);
  program.run({view(x, {1, 3})}, {view(y, {1, 3}, {5, 1})});
  program.run({view(x, {1, 3}, {9, 1})}, {view(y, {1, 3})});
  EXPECT_EQ(y[2], 2);
}

TEST(Strides, OfZeroReachOnlyWhatTheyRepeat) {
  const Engine engine;
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {5, 3}, {0, 1}) * 2.0);
  const Executable program = engine.compile(graph);
  std::vector<float> memory(18, 1.0F);
  // x occupies three elements; y begins right after them.
  program.run({view(memory, {5, 3}, {0, 1})}, {view(&memory[3], {5, 3})});
  EXPECT_EQ(memory[17], 2);
  EXPECT_NE(
      error_of([&] { program.run({view(memory, {5, 3}, {0, 1})}, {view(&memory[2], {5, 3})}); }),
      "no error");
}

TEST(Target, OfAnotherMachineIsShownAndNotRun) {
  Target target = Target::parse("x86-64-v3");
  target.name = "x86-64-v9";
  target.features += (target.features.empty() ? "" : ",") + std::string("+xop");
  if (runs_here(target)) GTEST_SKIP() << "this CPU has XOP (none made after 2017 does)";
  const Engine engine({.target = target});
  const Executable program = engine.compile(make_leaky(4));
  std::array<float, 4> x{};
  std::array<float, 4> y{};
  const std::string expected =
      "unsupported: this program is made for x86-64-v9, whose instructions this CPU lacks: it "
      "can be printed, not run";
  EXPECT_EQ(error_of([&] { program.run({view(x, {4})}, {view(y, {4})}); }), expected);
  EXPECT_EQ(error_of([&] { static_cast<void>(program.bind({view(x, {4})}, {view(y, {4})})); }),
            expected);
}

TEST(Target, OfAnotherArchitectureIsReadAsAssembly) {
  const Target target = Target::parse("aarch64");
  EXPECT_EQ(runs_here(target), host_target().triple.starts_with("aarch64"));
  const Engine engine({.target = target});
  const Executable program = engine.compile(make_leaky(1000));
  const std::string assembly = program.text(Stage::assembly);
  EXPECT_NE(assembly.find("kernel_0:"), std::string::npos) << assembly;
  EXPECT_NE(assembly.find("fmul\tv"), std::string::npos) << assembly;
  EXPECT_NE(assembly.find(".4s"), std::string::npos) << assembly;
  std::vector<float> x(1000);
  std::vector<float> y(1000);
  EXPECT_EQ(error_of([&] { program.run({view(x, {1000})}, {view(y, {1000})}); }),
            "unsupported: this program is made for aarch64, whose instructions this CPU lacks: "
            "it can be printed, not run");
}

TEST(DonatedBuffers, HoldTemporariesAndMustLieApart) {
  constexpr std::int64_t kLength = 1024;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {kLength});
  const Value b = graph.input("b", DType::f32, {kLength});
  graph.output("y", (x.relu().square() + b).convert(DType::i32));
  const Engine engine;
  const std::int64_t before = engine.compile(graph, {.fuse = Fuse::none}).workspace_bytes();
  graph.donate(x);
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  EXPECT_LT(program.workspace_bytes(), before);
  std::vector<float> xs(kLength, 3), bs(kLength, 1);
  std::vector<std::int32_t> ys(kLength);
  EXPECT_EQ(error_of([&] {
              program.run({view(xs, {kLength}), view(xs, {kLength})}, {view(ys, {kLength})});
            }),
            "invalid_buffer: input 'x' is donated, and this program writes over it: input 'b' has "
            "to lie apart from it");
  program.run({view(xs, {kLength}), view(bs, {kLength})}, {view(ys, {kLength})});
  EXPECT_EQ(ys, std::vector<std::int32_t>(kLength, 10));
}

TEST(DonatedBuffers, AreWritable) {
  constexpr std::int64_t kLength = 1024;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {kLength});
  const Value b = graph.input("b", DType::f32, {kLength});
  graph.output("y", (x.relu().square() + b).convert(DType::i32));
  graph.donate(x);
  const Executable program = Engine().compile(graph, {.fuse = Fuse::none});
  const std::vector<float> constant(kLength, 3);
  std::vector<float> own(kLength, 3);
  std::vector<std::int32_t> ys(kLength);
  const std::vector<TensorView> out{view(ys, {kLength})};
  const std::string message =
      "invalid_buffer: input 'x' is donated, so the program may write over it, and its view is "
      "read-only: give a view of memory that is not const, or do not donate it";
  const std::vector<ConstTensorView> read_only{view(constant, {kLength}), view(own, {kLength})};
  EXPECT_EQ(error_of([&] { program.run(read_only, out); }), message);
  EXPECT_EQ(error_of([&] { static_cast<void>(program.bind(read_only, out)); }), message);
  const ConstTensorView by_hand{own.data(), DType::f32, {kLength}, {}};
  EXPECT_EQ(error_of([&] { program.run(std::vector{by_hand, read_only[0]}, out); }), message);
  EXPECT_EQ(constant, std::vector<float>(kLength, 3));
  // A ConstTensorView made from a TensorView stays writable. Inputs that are not donated may be
  // read-only.
  const ConstTensorView writable = view(own, {kLength});
  program.run({writable, view(constant, {kLength})}, {view(ys, {kLength})});
  EXPECT_EQ(ys, std::vector<std::int32_t>(kLength, 12));
  own.assign(kLength, 1);
  program.bind({writable, view(constant, {kLength})}, {view(ys, {kLength})})();
  EXPECT_EQ(ys, std::vector<std::int32_t>(kLength, 4));
}

TEST(DonatedBuffers, AreWritableWhateverThePlanMakesOfThem) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", x.relu());
  graph.donate(x);
  const std::array<float, 4> in{};
  std::array<float, 4> out{};
  const Executable program = Engine().compile(graph);
  EXPECT_NE(error_of([&] { program.run({view(in, {4})}, {view(out, {4})}); }).find("read-only"),
            std::string::npos);
}

TEST(DonatedBuffers, AreInputs) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2});
  EXPECT_EQ(error_of([&] { graph.donate(x.relu()); }),
            "invalid_argument: donate: the value is the result of relu, and only inputs are "
            "donated");
  EXPECT_EQ(error_of([&] { Graph().donate(x); }),
            "invalid_graph: donate: the value belongs to another Graph");
}

}  // namespace
}  // namespace sinter::test
