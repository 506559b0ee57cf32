// Every method of Value works on Tensor too, and gives the interpreter's bits.
#include <cstring>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "runtime/fixtures.h"

// A member of a class template is compiled only where it is used. These instantiations compile all
// members, so a method that uses a feature that Tensor lacks does not compile.
template class sinter::ElementwiseMethods<sinter::Tensor>;
template class sinter::StructuralMethods<sinter::Tensor>;
template class sinter::ReductionMethods<sinter::Tensor>;
template class sinter::ProductMethods<sinter::Tensor>;

namespace sinter::test {
namespace {

/// Operands of the methods below, of shape [2, 3] unless the comment gives a shape.
template <typename Self>
struct Operands {
  Self x, y;       // f32
  Self i, j;       // i32
  Self mask, off;  // bool
  Self rows;       // f32[3, 2]
  Self batch;      // f32[2, 3, 3]
  Self line;       // f32[3]
};

struct Method {
  std::string name;
  std::function<Value(const Operands<Value>&)> on_values;
  std::function<Tensor(const Operands<Tensor>&)> on_tensors;
};

template <typename F>
Method method(std::string name, F f) {
  return {std::move(name), f, f};
}

std::vector<Method> arithmetic() {
  return {
      method("add", [](const auto& o) { return o.x.add(o.y); }),
      method("sub", [](const auto& o) { return o.x.sub(1); }),
      method("mul", [](const auto& o) { return o.i.mul(o.j); }),
      method("div", [](const auto& o) { return o.i.div(o.j); }),
      method("operators", [](const auto& o) { return -((1 + o.x) * (2 - o.y) / (3 * o.x - 1)); }),
      method("fma", [](const auto& o) { return o.x.fma(o.y, 2); }),
      method("min", [](const auto& o) { return o.x.min(o.y); }),
      method("max", [](const auto& o) { return o.x.max(o.y); }),
      method("neg", [](const auto& o) { return o.x.neg(); }),
      method("abs", [](const auto& o) { return o.x.abs(); }),
      method("sqrt", [](const auto& o) { return o.x.sqrt(); }),
      method("floor", [](const auto& o) { return o.x.floor(); }),
      method("ceil", [](const auto& o) { return o.x.ceil(); }),
      method("trunc", [](const auto& o) { return o.x.trunc(); }),
      method("round", [](const auto& o) { return o.x.round(); }),
      method("floor_divide", [](const auto& o) { return o.x.floor_divide(o.y); }),
      method("remainder", [](const auto& o) { return o.i.remainder(o.j); }),
      method("fmod", [](const auto& o) { return o.x.fmod(o.y); }),
      method("bit_and", [](const auto& o) { return o.i.bit_and(o.j); }),
      method("bit_or", [](const auto& o) { return o.i.bit_or(o.j); }),
      method("bit_xor", [](const auto& o) { return o.i.bit_xor(o.j); }),
      method("bit_not", [](const auto& o) { return o.i.bit_not(); }),
      method("shift_left", [](const auto& o) { return o.i.shift_left(2); }),
      method("shift_right", [](const auto& o) { return o.i.shift_right(o.j); }),
      method("equal", [](const auto& o) { return o.x.equal(o.y); }),
      method("not_equal", [](const auto& o) { return o.x.not_equal(o.y); }),
      method("less", [](const auto& o) { return o.x.less(o.y); }),
      method("less_equal", [](const auto& o) { return o.x.less_equal(0); }),
      method("greater", [](const auto& o) { return o.x.greater(o.y); }),
      method("greater_equal", [](const auto& o) { return o.x.greater_equal(0); }),
      method("logical_and", [](const auto& o) { return o.mask.logical_and(o.off); }),
      method("logical_or", [](const auto& o) { return o.mask.logical_or(o.off); }),
      method("logical_xor", [](const auto& o) { return o.mask.logical_xor(o.off); }),
      method("logical_not", [](const auto& o) { return o.mask.logical_not(); }),
      method("select", [](const auto& o) { return o.mask.select(o.x, o.y); }),
      method("select of a number", [](const auto& o) { return o.mask.select(2, o.y); }),
      method("where", [](const auto& o) { return o.x.where(o.mask, 0); }),
      method("isnan", [](const auto& o) { return o.x.isnan(); }),
      method("isinf", [](const auto& o) { return o.x.isinf(); }),
      method("isfinite", [](const auto& o) { return o.x.isfinite(); }),
      method("scalar", [](const auto& o) { return o.x.scalar(0.1); }),
      method("constant", [](const auto& o) { return o.x.constant(0.1); }),
  };
}

std::vector<Method> activations() {
  return {
      method("leaky_relu", [](const auto& o) { return o.x.leaky_relu(); }),
      method("leaky_relu of options",
             [](const auto& o) { return o.x.leaky_relu({.negative_slope = 0.2}); }),
      method("relu", [](const auto& o) { return o.x.relu(); }),
      method("prelu", [](const auto& o) { return o.x.prelu(o.line); }),
      method("relu6", [](const auto& o) { return o.x.relu6(); }),
      method("clamp", [](const auto& o) { return o.x.clamp(-0.5, 0.5); }),
      method("clamp by tensors", [](const auto& o) { return o.x.clamp(o.y, o.line); }),
      method("hardtanh", [](const auto& o) { return o.x.hardtanh(); }),
      method("softsign", [](const auto& o) { return o.x.softsign(); }),
      method("threshold", [](const auto& o) { return o.x.threshold(0.1, 7); }),
      method("softshrink", [](const auto& o) { return o.x.softshrink(); }),
      method("hardshrink", [](const auto& o) { return o.x.hardshrink(); }),
      method("lerp", [](const auto& o) { return o.x.lerp(o.y, 0.25); }),
      method("hardsigmoid", [](const auto& o) { return o.x.hardsigmoid(); }),
      method("hardswish", [](const auto& o) { return o.x.hardswish(); }),
      method("sign", [](const auto& o) { return o.x.sign(); }),
      method("square", [](const auto& o) { return o.x.square(); }),
      method("detach", [](const auto& o) { return o.x.detach(); }),
      method("exp", [](const auto& o) { return o.x.exp(); }),
      method("exp2", [](const auto& o) { return o.x.exp2(); }),
      method("expm1", [](const auto& o) { return o.x.expm1(); }),
      method("log", [](const auto& o) { return o.x.log(); }),
      method("log2", [](const auto& o) { return o.x.log2(); }),
      method("log1p", [](const auto& o) { return o.x.log1p(); }),
      method("rsqrt", [](const auto& o) { return o.x.rsqrt(); }),
      method("pow", [](const auto& o) { return o.x.pow(o.y); }),
      method("sin", [](const auto& o) { return o.x.sin(); }),
      method("cos", [](const auto& o) { return o.x.cos(); }),
      method("sigmoid", [](const auto& o) { return o.x.sigmoid(); }),
      method("logsigmoid", [](const auto& o) { return o.x.logsigmoid(); }),
      method("tanh", [](const auto& o) { return o.x.tanh(); }),
      method("erf", [](const auto& o) { return o.x.erf(); }),
      method("erfc", [](const auto& o) { return o.x.erfc(); }),
      method("gelu", [](const auto& o) { return o.x.gelu(); }),
      method("gelu_tanh", [](const auto& o) { return o.x.gelu_tanh(); }),
      method("silu", [](const auto& o) { return o.x.silu(); }),
      method("softplus", [](const auto& o) { return o.x.softplus(); }),
      method("mish", [](const auto& o) { return o.x.mish(); }),
      method("elu", [](const auto& o) { return o.x.elu(); }),
      method("celu", [](const auto& o) { return o.x.celu(2); }),
      method("selu", [](const auto& o) { return o.x.selu(); }),
      method("lut16", [](const auto& o) { return o.i.lut16({3, 1, 4, 1, 5, 9, 2, 6}); }),
  };
}

std::vector<Method> moves_and_reductions() {
  return {
      method("convert", [](const auto& o) { return o.x.convert(DType::i8); }),
      method("recast", [](const auto& o) { return o.x.recast(DType::f32); }),
      method("bitcast", [](const auto& o) { return o.x.bitcast(DType::i32); }),
      method("broadcast_to", [](const auto& o) { return o.line.broadcast_to({2, 3}); }),
      method("iota", [](const auto& o) { return o.x.iota(DType::f32, {2, 3}, -1); }),
      method("transpose", [](const auto& o) { return o.x.transpose(); }),
      method("reshape", [](const auto& o) { return o.x.reshape({3, -1}); }),
      method("slice", [](const auto& o) { return o.x.slice(1, 0, 3, 2); }),
      method("flip", [](const auto& o) { return o.x.flip(1); }),
      method("pad", [](const auto& o) { return o.x.pad({1, 0}, {0, 2}, 7); }),
      method("pad of a mask", [](const auto& o) { return o.mask.pad({1, 0}, {0, 2}, 1); }),
      method("concat", [](const auto& o) { return o.x.concat({o.x, o.y}, 1); }),
      method("sum", [](const auto& o) { return o.x.sum(); }),
      method("prod", [](const auto& o) { return o.x.prod(0); }),
      method("amin", [](const auto& o) { return o.x.amin(-1, true); }),
      method("amax", [](const auto& o) { return o.x.amax({0, 1}); }),
      method("any", [](const auto& o) { return o.mask.any(); }),
      method("all", [](const auto& o) { return o.mask.all(1); }),
      method("argmax", [](const auto& o) { return o.x.argmax(); }),
      method("argmax of an axis", [](const auto& o) { return o.x.argmax(1, true); }),
      method("argmax of a mask", [](const auto& o) { return o.mask.argmax(0); }),
      method("argmin", [](const auto& o) { return o.i.argmin(); }),
      method("mean", [](const auto& o) { return o.x.mean(1); }),
      method("variance", [](const auto& o) { return o.x.variance({}, false, 1); }),
      method("softmax", [](const auto& o) { return o.y.softmax(); }),
      method("log_softmax", [](const auto& o) { return o.y.log_softmax(); }),
      method("logsumexp", [](const auto& o) { return o.x.logsumexp(1); }),
      method("layer_norm", [](const auto& o) { return o.x.layer_norm(); }),
      method("mm", [](const auto& o) { return o.x.mm(o.rows); }),
      method("bmm", [](const auto& o) { return o.batch.bmm(o.batch); }),
      method("mv", [](const auto& o) { return o.x.mv(o.line); }),
      method("outer", [](const auto& o) { return o.line.outer(o.line); }),
      method("matmul", [](const auto& o) { return o.line.matmul(o.batch); }),
  };
}

std::vector<Method> all_methods() {
  std::vector<Method> all = arithmetic();
  for (const auto& more : {activations(), moves_and_reductions()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

const std::vector<float> kX = {-1.5F, -0.0F, 0.25F, 2, -3, std::numeric_limits<float>::infinity()};
const std::vector<float> kY = {2, -1, 0.5F, 3, 4, -0.25F};
const std::vector<std::int32_t> kI = {7, -8, 0, 3, -3, 100};
const std::vector<std::int32_t> kJ = {2, 3, 0, 1, -2, 5};
const std::vector<std::uint8_t> kMask = {1, 0, 1, 1, 0, 0};
const std::vector<std::uint8_t> kOff = {0, 0, 1, 0, 1, 1};
const std::vector<float> kLine = {0.5F, -0.5F, 1};

std::vector<float> batch_numbers() {
  std::vector<float> numbers(18);
  for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<float>(k) / 4 - 2;
  return numbers;
}

Operands<Tensor> tensors_of(const Engine& engine) {
  const auto mask = [&](const std::vector<std::uint8_t>& bytes) {
    return engine.tensor(bytes, {2, 3}).not_equal(0);
  };
  return {engine.tensor(kX, {2, 3}),
          engine.tensor(kY, {2, 3}),
          engine.tensor(kI, {2, 3}),
          engine.tensor(kJ, {2, 3}),
          mask(kMask),
          mask(kOff),
          engine.tensor(kY, {3, 2}),
          engine.tensor(batch_numbers(), {2, 3, 3}),
          engine.tensor(kLine)};
}

Operands<Value> values_of(Graph& graph) {
  return {graph.input("x", DType::f32, {2, 3}),        graph.input("y", DType::f32, {2, 3}),
          graph.input("i", DType::i32, {2, 3}),        graph.input("j", DType::i32, {2, 3}),
          graph.input("mask", DType::boolean, {2, 3}), graph.input("off", DType::boolean, {2, 3}),
          graph.input("rows", DType::f32, {3, 2}),     graph.input("batch", DType::f32, {2, 3, 3}),
          graph.input("line", DType::f32, {3})};
}

std::vector<TensorData> data_of_values() {
  const auto data = [](const auto& elements, const Shape& shape, DType dtype) {
    TensorData made = TensorData::zeros(dtype, shape);
    std::memcpy(made.bytes.data(), elements.data(), made.bytes.size());
    return made;
  };
  return {data(kX, {2, 3}, DType::f32),        data(kY, {2, 3}, DType::f32),
          data(kI, {2, 3}, DType::i32),        data(kJ, {2, 3}, DType::i32),
          data(kMask, {2, 3}, DType::boolean), data(kOff, {2, 3}, DType::boolean),
          data(kY, {3, 2}, DType::f32),        data(batch_numbers(), {2, 3, 3}, DType::f32),
          data(kLine, {3}, DType::f32)};
}

template <typename T>
TensorData read_as(const Tensor& tensor) {
  TensorData data = TensorData::zeros(tensor.dtype(), tensor.shape());
  tensor.copy_to(data.as<T>());
  return data;
}

TensorData read(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::f32: return read_as<float>(tensor);
    case DType::i8: return read_as<std::int8_t>(tensor);
    case DType::i32: return read_as<std::int32_t>(tensor);
    case DType::i64: return read_as<std::int64_t>(tensor);
    case DType::boolean: return read_as<bool>(tensor);
    default: break;
  }
  ADD_FAILURE() << "read() lacks a case for dtype " << to_string(tensor.dtype());
  return {};
}

TEST(TensorMethods, GiveTheBitsThatTheyGiveOnValues) {
  const Engine engine;
  for (const Method& method : all_methods()) {
    SCOPED_TRACE(method.name);
    Graph graph;
    graph.output("y", method.on_values(values_of(graph)));
    const TensorData expected = interpret(graph, data_of_values())[0];
    EXPECT_EQ(first_difference(expected, read(method.on_tensors(tensors_of(engine)))), -1);
  }
}

TEST(TensorMethods, RecordEveryOpOfTheTable) {
  std::set<Op> missing;
  for (const OpInfo& row : all_ops()) missing.insert(row.op);
  for (const Method& method : all_methods()) {
    Graph graph;
    static_cast<void>(method.on_values(values_of(graph)));
    for (const Node& node : graph.nodes()) missing.erase(node.op);
  }
  // Ops that no method records: passes and the planner make them.
  for (const Op op : {Op::view, Op::dot, Op::raw_bitcast}) missing.erase(op);
  for (const Op op : missing) ADD_FAILURE() << "no method of this test records " << to_string(op);
}

TEST(TensorMethods, IotaNeedsATensor) {
  expect_error(ErrorCode::invalid_argument, "a default-constructed Tensor holds no value",
               [] { static_cast<void>(Tensor().iota(DType::i32, {3})); });
}

}  // namespace
}  // namespace sinter::test
