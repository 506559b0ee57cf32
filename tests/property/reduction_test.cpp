// Reductions: every op, dtype, length and layout gives the bits of the interpreter on every target.
// The interpreter follows the rule in reduction.h, which this file implements in another way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/reduction.h>

#include "machines.h"
#include "support/expect_error.h"
#include "support/numbers.h"

namespace sinter::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<Op> reductions() {
  std::vector<Op> ops;
  for (const OpInfo& row : all_ops()) {
    if (row.kind == OpKind::reduction) ops.push_back(row.op);
  }
  return ops;
}

Value reduced(Op op, const Value& x, const Dims& axes, const Dims& keep) {
  Attributes attributes;
  attributes.lists = {axes, keep};
  return Value::apply(op, std::span(&x, 1), attributes);
}

bool fits(Op op, DType dtype) {
  return (info(op).rule == DTypeRule::logical) == (dtype == DType::boolean);
}

bool has_extreme(Op op) { return op == Op::reduce_min || op == Op::reduce_max; }

/// An epilogue that is as long as an empty row is empty, too.
TEST(Reduction, OfEmptyRowsWithAnEmptyEpilogue) {
  const Machines machines;
  for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{0, 3}}) {
    for (std::int64_t axis = 0; axis < shape.rank(); ++axis) {
      Graph graph;
      const Value x = graph.input("x", DType::i8, shape);
      graph.output("y", x + reduced(Op::reduce_prod, x, {axis}, {1}));
      machines.check(graph, print(graph));
    }
  }
}

TEST(Reduction, EveryOpOfRowsOnEveryDType) {
  const Machines machines;
  for (const DTypeInfo& type : all_dtypes()) {
    for (Op op : reductions()) {
      if (!fits(op, type.dtype)) continue;
      for (std::int64_t n : {0, 1, 2, 15, 33, 63, 64, 65, 130, 257, 2047, 2049, 8193}) {
        if (n == 0 && has_extreme(op)) continue;
        if (n > 300 && type.dtype != DType::f32 && n % 3 != 0) continue;
        Graph graph;
        const Value x = graph.input("x", type.dtype, {3, n});
        graph.output("y", reduced(op, x, {1}, {n % 2}));
        machines.check(graph, std::string(to_string(op)) + " " + std::string(type.name) + " of " +
                                  std::to_string(n));
      }
    }
  }
}

TEST(Reduction, EveryOpOfColumnsOnEveryDType) {
  const Machines machines;
  for (const DTypeInfo& type : all_dtypes()) {
    for (Op op : reductions()) {
      if (!fits(op, type.dtype)) continue;
      for (std::int64_t n : {0, 1, 31, 33, 70}) {
        for (std::int64_t columns : {2, 17, 64, 515}) {
          if (n == 0 && has_extreme(op)) continue;
          Graph graph;
          const Value x = graph.input("x", type.dtype, {2, n, columns});
          graph.output("y", reduced(op, x, {1}, {n % 2}));
          machines.check(graph, std::string(to_string(op)) + " " + std::string(type.name) + " of " +
                                    std::to_string(n) + " x " + std::to_string(columns));
        }
      }
    }
  }
}

TEST(Reduction, OfManyRowsOfColumns) {
  const Machines machines;
  for (std::int64_t n : {1023, 1025, 33000}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {n, 3});
    graph.output("y", x.sum(0));
    machines.check(graph, "sum of " + std::to_string(n));
  }
}

/// The tensors do not fit the caches, so columns are reduced in the shortest chunks of rows.
TEST(Reduction, OfLongColumns) {
  const Machines machines;
  for (const Shape& shape : {Shape{33, 16500}, Shape{1100, 515}, Shape{1030, 2, 300}}) {
    Graph graph;
    const Shape last{shape[shape.rank() - 1]};
    const Value x = graph.input("x", DType::f32, shape);
    const Value bias = graph.input("bias", DType::f32, last);
    const Value shifted = x + bias;
    graph.output("mean", shifted.mean(0) * bias);
    graph.output("product", (x * 0.01 + 1).prod(0));
    graph.output("most", shifted.amax(0));
    machines.check(graph, "columns of " + to_string(shape));
  }
  Graph graph;
  const Shape shape{3, 400, 600};
  const Value x = graph.input("x", DType::f64, shape, {600, 1800, 1});
  const Value mask = graph.input("mask", DType::boolean, shape);
  const Value scale = graph.input("scale", DType::f64, {400, 1});
  graph.output("sum", (x * scale).sum({0, 1}));
  graph.output("all", mask.all({0, 1}));
  machines.check(graph, "columns over two axes");
  Graph narrow;
  narrow.output("y", narrow.input("x", DType::bf16, {2100, 1001}).sum(0));
  narrow.output("z", narrow.input("n", DType::i8, {2100, 1001}).sum(0));
  machines.check(narrow, "columns of narrow dtypes");
}

/// Reductions over several axes: axes that collapse to one, axes that a bias keeps apart, and axes
/// that lie in another order in memory.
TEST(Reduction, OfSeveralAxes) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::i16}) {
    for (std::int64_t last : {1, 10, 64, 100}) {
      for (const Dims& axes :
           {Dims{0, 1, 2, 3}, Dims{1, 2, 3}, Dims{2, 3}, Dims{1, 2}, Dims{0, 1}}) {
        Graph graph;
        const Shape shape{2, 3, 11, last};
        const Value x = graph.input("x", dtype, shape);
        const Value turned =
            graph.input("turned", dtype, shape, {33 * last, 1, 3 * last, 3}).mul(x);
        const Value bias = graph.input("bias", dtype, {last});
        const Value rows = graph.input("rows", dtype, {11, 1});
        graph.output("plain", reduced(Op::reduce_sum, x, axes, {1}));
        graph.output("biased", reduced(Op::reduce_sum, x + bias, axes, {0}));
        graph.output("turned", reduced(Op::reduce_prod, turned.sub(rows), axes, {1}));
        machines.check(graph, to_string(axes) + " of " + to_string(shape));
      }
    }
  }
}

/// Returns the sum by the rule: lane j of a chunk adds x[j], x[j + W], ... This code adds lane by
/// lane, while the interpreter walks along the row.
template <typename T>
T sum_by_rule(const std::vector<T>& x) {
  const std::size_t lanes = 256 / sizeof(T);
  std::vector<T> results;
  for (std::size_t from = 0; from == 0 || from < x.size(); from += 32 * lanes) {
    const std::size_t to = std::min(x.size(), from + 32 * lanes);
    std::vector<T> a;
    for (std::size_t j = 0; j < lanes; ++j) {
      T lane = 0;
      for (std::size_t i = from + j; i < to; i += lanes) lane += x[i];
      a.push_back(lane);
    }
    while (a.size() > 1) {
      std::vector<T> half;
      for (std::size_t j = 0; j < a.size() / 2; ++j) half.push_back(a[j] + a[j + a.size() / 2]);
      a = std::move(half);
    }
    results.push_back(a[0]);
  }
  return results.size() == 1 ? results[0] : sum_by_rule(results);
}

template <typename T>
void expect_rule(DType dtype) {
  for (std::int64_t n : {0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 70001}) {
    Graph graph;
    graph.output("y", graph.input("x", dtype, {n}).sum());
    std::vector<TensorData> inputs = random_inputs(graph, 3);
    for (T& x : inputs[0].as<T>()) x = std::isfinite(x) && std::abs(x) < 100 ? x : T(1.5);
    const auto x = inputs[0].as<T>();
    EXPECT_EQ(interpret(graph, inputs)[0].as<T>()[0],
              sum_by_rule(std::vector<T>(x.begin(), x.end())))
        << n;
  }
}

TEST(Reduction, AddsInTheOrderOfTheRule) {
  expect_rule<float>(DType::f32);
  expect_rule<double>(DType::f64);
}

std::vector<double> run(const Graph& graph, const std::vector<TensorData>& inputs) {
  std::vector<double> values;
  for (const TensorData& result : interpret(graph, inputs)) {
    const std::vector<double> some = numbers(result);
    values.insert(values.end(), some.begin(), some.end());
  }
  return values;
}

TensorData floats(const Shape& shape, const std::vector<float>& values) {
  return TensorData::from<float>(shape, values);
}

TEST(Reduction, SpecialValues) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3});
  graph.output("sum", x.sum());
  graph.output("low", x.amin());
  graph.output("high", x.amax());
  const auto of = [&](float a, float b, float c) { return run(graph, {floats({3}, {a, b, c})}); };
  EXPECT_TRUE(std::isnan(of(1, kNaN, 2)[1]));
  EXPECT_TRUE(std::isnan(of(1, kNaN, 2)[2]));
  EXPECT_TRUE(std::isnan(of(kInf, -kInf, 2)[0]));
  EXPECT_EQ(of(kInf, 1, 2)[0], kInf);
  EXPECT_TRUE(std::signbit(of(0, -0.0F, 0)[1]));
  EXPECT_FALSE(std::signbit(of(-0.0F, 0, -0.0F)[2]));
  EXPECT_FALSE(std::signbit(of(-0.0F, -0.0F, -0.0F)[0])) << "a sum is never -0";
  EXPECT_TRUE(std::signbit(of(-0.0F, -0.0F, -0.0F)[2]));
}

TEST(Reduction, OfNothing) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 0});
  graph.output("sum", x.sum(1));
  graph.output("prod", x.prod(1));
  graph.output("mean", x.mean(1));
  graph.output("any", x.greater(0).any(1));
  graph.output("all", x.greater(0).all(1));
  const std::vector<double> y = run(graph, {floats({2, 0}, {})});
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[2], 1);
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_EQ(y[6], 0);
  EXPECT_EQ(y[8], 1);
}

TEST(Reduction, AxesAndShapes) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 1, 3, 4});
  EXPECT_EQ(x.sum().shape(), Shape{});
  EXPECT_EQ(x.sum({}, true).shape(), (Shape{1, 1, 1, 1}));
  EXPECT_EQ(x.sum(-1).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(x.sum({0, 2}).shape(), (Shape{1, 4}));
  EXPECT_EQ(x.sum({0, 2}, true).shape(), (Shape{1, 1, 1, 4}));
  EXPECT_EQ(x.sum({3, 0}).shape(), (Shape{1, 3}));
  EXPECT_EQ(x.sum().sum().shape(), Shape{});
  EXPECT_EQ(graph.parameter(3, DType::f32).sum().shape(), Shape{});
}

TEST(Reduction, MeanAndVariance) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 4});
  graph.output("mean", x.mean(1));
  graph.output("variance", x.variance(1));
  graph.output("unbiased", x.variance(1, false, 1));
  const std::vector<double> y = run(graph, {floats({2, 4}, {1, 2, 3, 6, -1, -1, -1, -1})});
  EXPECT_EQ(y, (std::vector<double>{3, -1, 3.5, 0, static_cast<double>(14.0F / 3), 0}));
}

TEST(Reduction, SixteenBitsAccumulateInF32AndRoundOnce) {
  for (DType dtype : {DType::f16, DType::bf16}) {
    Graph graph;
    const Value x = graph.input("x", dtype, {70000});
    graph.output("mean", x.mean());
    graph.output("sum", x.mul(0.001).sum());
    std::vector<TensorData> inputs = random_inputs(graph, 1);
    const std::uint64_t two = element_bits(2, dtype);
    for (std::size_t i = 0; i < inputs[0].bytes.size(); i += 2) {
      std::copy_n(reinterpret_cast<const std::byte*>(&two), 2, inputs[0].bytes.data() + i);
    }
    for (Rounding rounding : {Rounding::at_store, Rounding::each_op}) {
      const TensorData mean = interpret(graph, inputs, rounding)[0];
      std::uint64_t bits = 0;
      std::copy_n(mean.bytes.data(), 2, reinterpret_cast<std::byte*>(&bits));
      EXPECT_EQ(element_value(bits, dtype), 2) << "the sum of 140000 is out of f16's range";
    }
  }
}

/// Reductions of chunks, for lengths around the chunk length, and the reductions that complete
/// them.
TEST(Reduction, ByChunks) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::i16}) {
    for (std::int64_t n : {1, 31, 33, 64, 1023, 1025, 2048, 4097, 5000}) {
      for (std::int64_t columns : {1, 3}) {
        Graph graph;
        const Shape shape{2, n, columns};
        const Value x = graph.input("x", dtype, shape);
        const Value bias = graph.input("bias", dtype, {columns});
        const std::int64_t chunk = chunk_elements(dtype, columns == 1);
        for (const Dims& axes : {Dims{1}, Dims{0, 1}}) {
          const Value parts = reduced(Op::reduce_sum, x * bias, axes, {1, chunk});
          const std::string name = to_string(axes);
          graph.output("parts" + name, parts);
          graph.output("whole" + name, reduced(Op::reduce_sum, parts, axes, {0}));
          graph.output("high" + name, reduced(Op::reduce_max, x, axes, {1, 37}));
        }
        machines.check(graph, std::string(info(dtype).name) + " of " + to_string(shape));
      }
    }
  }
}

Graph long_reductions(DType dtype, const Shape& shape) {
  Graph graph;
  const Value x = graph.input("x", dtype, shape);
  const Value bias = graph.input("bias", dtype, {shape[shape.rank() - 1]});
  graph.output("first", (x + bias).sum(0));
  graph.output("all", (x + bias).sum());
  graph.output("last", x.prod(-1));
  graph.output("high", x.amax());
  graph.output("any", x.greater(3).any());
  return graph;
}

/// The tensors are large enough to be split into chunks.
TEST(Reduction, LongOnesOfFewResults) {
  const Machines machines;
  for (const Shape& shape :
       {Shape{300000}, Shape{2, 150001}, Shape{99999, 3}, Shape{90, 40, 80}, Shape{262144}}) {
    const Graph graph = long_reductions(DType::f32, shape);
    machines.check(graph, to_string(shape));
  }
  machines.check(long_reductions(DType::f64, {150001}), "f64");
}

std::size_t kernels_of(const Graph& graph) {
  return partition(place_views(simplify(graph), Fuse::all), {}, Fuse::all).kernels.size();
}

TEST(Reduction, ProducersAndWhatComesAfterAreOneKernel) {
  Graph dead;
  const Value hidden = dead.input("hidden", DType::f32, {64, 100});
  const Value bias = dead.input("bias", DType::f32, {100});
  dead.output("alive", (hidden + bias).relu().mean());
  EXPECT_EQ(kernels_of(dead), 1U);

  Graph norm;
  const Value x = norm.input("x", DType::f32, {32, 100});
  const Value centred = x - x.mean(-1, true);
  const Value deviation = (x.variance(-1, true) + 1e-5).sqrt();
  norm.output("y", centred / deviation * norm.input("gain", DType::f32, {100}));
  EXPECT_EQ(kernels_of(norm), 1U);

  Graph columns;
  const Value z = columns.input("z", DType::f32, {32, 100});
  columns.output("y", (z * 2).sum(0) * 0.5);
  EXPECT_EQ(kernels_of(columns), 1U);
  Machines().check(norm, "a norm of rows");
}

/// Producers are in the kernel that reduces the chunks; the epilogue is in the other kernel.
TEST(Reduction, OfManyElementsToFewAreTwoKernels) {
  Graph graph;
  graph.output("alive", graph.input("hidden", DType::f32, {1 << 20}).relu().mean());
  const Graph cut = chunk_reductions(simplify(graph), {});
  const Plan plan = partition(cut.clone(), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 2U) << print(plan);
  EXPECT_EQ(plan.workspace_bytes, (1 << 20) / 2048 * 4);
  EXPECT_EQ(collapse(plan.kernels[0].body).parallel_extent(), 512) << print(plan);
}

TEST(Reduction, LongRowsAndColumnsAreNotWalkedAgain) {
  Graph rows;
  const Value x = rows.input("x", DType::f32, {2, 100000});
  rows.output("y", x - x.mean(-1, true));
  EXPECT_EQ(kernels_of(rows), 2U);
  Graph columns;
  const Value z = columns.input("z", DType::f32, {40, 6});
  columns.output("y", z - z.mean(0, true));
  EXPECT_EQ(kernels_of(columns), 2U);
  Machines().check(rows, "long rows");
  Machines().check(columns, "columns");
}

/// softmax, log_softmax, logsumexp and layer_norm of one row, computed in f64.
struct Reference {
  std::vector<double> softmax, log_softmax, layer_norm;
  double logsumexp = 0;
};

Reference reference(std::span<const float> x) {
  const double m = *std::ranges::max_element(x);
  double total = 0, mean = 0, variance = 0;
  for (double v : x) total += std::exp(v - m);
  for (double v : x) mean += v / static_cast<double>(x.size());
  for (double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  Reference r;
  r.logsumexp = m + std::log(total);
  for (double v : x) {
    r.softmax.push_back(std::exp(v - m) / total);
    r.log_softmax.push_back(v - m - std::log(total));
    r.layer_norm.push_back((v - mean) / std::sqrt(variance + 1e-5));
  }
  return r;
}

TEST(Reduction, SoftmaxAndItsKin) {
  const Machines machines;
  for (std::int64_t n : {1, 7, 64, 100, 2500}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {3, n});
    graph.output("softmax", x.softmax());
    graph.output("log_softmax", x.log_softmax());
    graph.output("layer_norm", x.layer_norm());
    graph.output("logsumexp", x.logsumexp(1));
    machines.check(graph, "softmax and its kin of " + std::to_string(n));
    std::vector<TensorData> inputs = random_inputs(graph, 5);
    float next = -4;
    for (float& value : inputs[0].as<float>()) {
      value = next;
      next = next > 4 ? -4.3F : next + 0.37F;
    }
    const std::vector<TensorData> y = interpret(graph, inputs);
    for (std::size_t row = 0; row < 3; ++row) {
      const auto at = row * static_cast<std::size_t>(n);
      const Reference r = reference(inputs[0].as<float>().subspan(at, static_cast<std::size_t>(n)));
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        EXPECT_NEAR(y[0].as<float>()[at + i], r.softmax[i], 3e-7);
        EXPECT_NEAR(y[1].as<float>()[at + i], r.log_softmax[i], 2e-6);
        EXPECT_NEAR(y[2].as<float>()[at + i], r.layer_norm[i], 2e-6);
      }
      EXPECT_NEAR(y[3].as<float>()[row], r.logsumexp, 2e-6);
    }
  }
}

TEST(Reduction, EachOfTheSoftmaxKinIsOneKernel) {
  using Method = Value (*)(const Value&);
  for (const Method method :
       {Method([](const Value& x) { return x.softmax(); }),
        Method([](const Value& x) { return x.log_softmax(); }),
        Method([](const Value& x) { return x.layer_norm(); }),
        Method([](const Value& x) { return x.logsumexp(-1, true) * 2; }),
        Method([](const Value& x) { return x.convert(DType::f16).softmax(); })}) {
    Graph graph;
    graph.output("y", method(graph.input("x", DType::f32, {8, 1000}) * 0.5));
    EXPECT_EQ(kernels_of(graph), 1U);
  }
}

TEST(Reduction, RowsAndTheirReductionsAreStoredByOneKernel) {
  const Machines machines;
  for (std::int64_t n : {1, 7, 64, 100, 2500}) {
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      Graph graph;
      const Value x = graph.input("x", dtype, {5, n});
      const Value wide = dtype == DType::bf16 ? x.convert(DType::f32) : x;
      const Value power = (wide - wide.amax(1, true)).exp();
      graph.output("total", power.sum(1, true));
      graph.output("power", power);
      graph.output("narrow", (power / power.sum(1, true)).convert(dtype));
      graph.output("before", x.relu());
      graph.output("mean", wide.mean(1));
      EXPECT_EQ(kernels_of(widen(graph, Rounding::at_store)), 1U);
      machines.check(graph, "rows of " + std::to_string(n));
    }
  }
}

TEST(Reduction, LogsumexpOfInfinities) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2}).logsumexp());
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(run(graph, {floats({2}, {1, inf})})[0], kInf);
  EXPECT_EQ(run(graph, {floats({2}, {-inf, -inf})})[0], -kInf);
  EXPECT_EQ(run(graph, {floats({2}, {-inf, 3})})[0], 3);
  EXPECT_EQ(run(graph, {floats({2}, {1000, -1000})})[0], 1000);
}

TEST(Reduction, SoftmaxAndItsKinOfNothing) {
  const Machines machines;
  for (const Shape& shape : {Shape{0}, Shape{5, 0}, Shape{2, 0, 3}}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, shape);
    const int axis = shape.rank() == 1 ? 0 : 1;
    graph.output("softmax", x.softmax(axis));
    graph.output("log_softmax", x.log_softmax(axis));
    graph.output("logsumexp", x.logsumexp(axis));
    graph.output("d", gradients(x.logsumexp(axis).sum(), {x})[0]);
    machines.check(graph, "of " + to_string(shape));
  }
}

/// A reduction of one element, with its axis kept and dropped, reshaped to other ranks.
TEST(Reduction, OfOneElementUnderOtherShapes) {
  const Machines machines;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}, Shape{1, 1, 1}, Shape{1, 1, 1, 1}}) {
    for (const std::int64_t keep : {0, 1}) {
      Graph graph;
      const Value x = graph.input("x", DType::i16, {1, 1, 1});
      graph.output("y", reduced(Op::reduce_min, x, {0}, {keep}).reshape(shape));
      machines.check(graph, "as " + to_string(shape));
    }
  }
}

/// A kernel keeps values between its passes over a row if the row is short enough, as softmax keeps
/// its exponentials. Here one value is read by three passes and another only by the last pass.
TEST(Reduction, ValuesThatAreKeptForLaterPasses) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::f16}) {
    for (std::int64_t n : {1, 7, 10, 16, 33, 64, 65, 130, 1000, 2049, 4096, 4097}) {
      Graph graph;
      const Value x = graph.input("x", dtype, {3, n});
      const Value gate = x.gelu();
      const Value centred = gate - gate.mean(-1, true);
      graph.output("norm", centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * x.tanh());
      graph.output("softmax", x.softmax(-1));
      graph.output("most", gate.amax(-1));
      machines.check(graph, std::string(to_string(dtype)) + " of " + std::to_string(n));
    }
  }
}

TEST(Reduction, RefusesWhatHasNoMeaning) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  const Value n = graph.input("n", DType::i32, {2, 3});
  const Value nothing = graph.input("nothing", DType::f32, {2, 0});
  EXPECT_EQ(message_of([&] { (void)x.sum(2); }), "sum: axis 2 of shape [2, 3]: axes are -2 to 1");
  EXPECT_EQ(message_of([&] { (void)x.sum({1, -1}); }),
            "sum: axes [1, -1] of shape [2, 3] name axis 1 twice: name each axis once");
  EXPECT_EQ(message_of([&] { (void)nothing.amax(1); }),
            "amax of f32[2, 0]: axis 1 has no elements, so there is no highest one");
  EXPECT_EQ(
      message_of([&] { (void)n.mean(); }),
      "mean of i32[2, 3]: it computes on floats; convert the tensor first, to the floating dtype "
      "that the result is to have");
  EXPECT_EQ(
      message_of([&] { (void)n.softmax(); }),
      "softmax of i32[2, 3]: it computes on floats; convert the tensor first, to the floating "
      "dtype that the result is to have");
  EXPECT_EQ(message_of([&] { (void)x.any(); }),
            "any of f32[2, 3]: it takes a bool mask; compare first, as by not_equal(0)");
  EXPECT_EQ(message_of([&] { (void)x.less(0).sum(); }),
            "sum of bool[2, 3]: it takes numbers; convert the mask first, as by "
            "convert(DType::i64), or use any or all");
  EXPECT_EQ(message_of([&] { (void)x.sum().sum(0); }),
            "sum: axis 0 of shape []: a tensor of rank 0 has no axes");
  EXPECT_EQ(message_of([&] { (void)reduced(Op::reduce_sum, x, {1}, {2}); }),
            "reduce_sum(x: f32[2, 3]): keep is [2], not [0], [1] or [1, elements of a chunk]");
  EXPECT_EQ(message_of([&] { (void)reduced(Op::reduce_sum, x, {1}, {1, 3000}); }),
            "reduce_sum(x: f32[2, 3]): chunks of 3000 elements: here a chunk has 2048 elements, or "
            "a power of that");
  EXPECT_EQ(
      message_of([&] { (void)reduced(Op::reduce_sum, x, {1, 0}, {1}); }),
      "reduce_sum(x: f32[2, 3]): axes [1, 0] are not neighbours in ascending order, of 0 to 1");
}

}  // namespace
}  // namespace sinter::test
