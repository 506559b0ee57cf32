// Every public function of this room gives the same results in each floating-point environment of
// the caller.
#include <sstream>

#include "fixtures.h"
#include "support/float_entries.h"

namespace sinter::test {
namespace {

constexpr float kTiny = 1e-40F;
constexpr double kTinyDouble = 4.9406564584124654e-324;

/// Bytes of a tensor's elements, whose type is T.
template <typename T>
std::string bytes_of_elements(const Tensor& tensor) {
  const std::vector<T> elements = tensor.to_vector<T>();
  return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T)};
}

TEST(InEveryFloatMode, TensorsAreMadeReadAndPrintedAlike) {
  const Engine engine({.threads = 1});
  const Tensor numbers = engine.tensor({0.1, 1e-40, 1.0 / 3, 2e-39});
  const Tensor wide = engine.tensor({0.1, kTinyDouble, 1.0 / 3}, DType::f64);
  const Tensor half = engine.tensor({0.1, 6e-8, 1.0 / 3, 65519}, DType::f16);
  const Tensor tiny = engine.full({}, kTinyDouble, DType::f64);
  const std::vector<FloatEntry> entries{
      {"Engine::tensor",
       [&] { return bytes_of_elements<float>(engine.tensor({0.1, 1e-40, 1.0 / 3})); }},
      {"Engine::tensor of a float",
       [&] { return bytes_of_elements<float>(engine.tensor({kTiny})); }},
      {"Engine::tensor of an integer",
       [&] { return bytes_of_elements<std::int32_t>(engine.tensor({kTinyDouble}, DType::i32)); }},
      {"Engine::full", [&] { return bytes_of_elements<float>(engine.full({2}, kTiny)); }},
      {"a number alone", [&] { return bytes_of_elements<float>(numbers.scalar(0.1)); }},
      {"Tensor::item", [&] { return bytes_of(tiny.item<double>()); }},
      {"a condition", [&] { return std::string(tiny ? "true" : "false"); }},
      {"a mask that is padded",
       [&] {
         const Tensor mask = numbers.greater(0.1).pad({1}, {1}, kTinyDouble);
         return bytes_of_elements<std::uint8_t>(mask.convert(DType::u8));
       }},
      {"to_string", [&] { return to_string(numbers) + to_string(wide) + to_string(half); }},
      {"operator<<",
       [&] {
         std::ostringstream out;
         out << numbers;
         return out.str();
       }},
      {"a recorded chain",
       [&] { return bytes_of_elements<float>((numbers * 0.1 + 0.7).leaky_relu(0.3).tanh()); }},
      {"gradients",
       [&] {
         return bytes_of_elements<float>(gradients((numbers * 0.1).gelu().sum(), {numbers})[0]);
       }},
      {"an op that is refused", [&] { return to_string(numbers + wide); }},
  };
  expect_same_in_all_modes(entries);
}

/// Uses a new engine each time, so that nothing is found in a cache.
TEST(InEveryFloatMode, ProgramsAreMadeShownAndRunAlike) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1000});
  const Value tiny = graph.constant(1e-38, DType::f32) * graph.constant(0.25, DType::f32);
  graph.output("y", (x * 0.1 + tiny).leaky_relu(0.3).tanh());
  std::vector<TensorData> inputs = make_inputs(graph);
  for (float& value : inputs[0].as<float>()) value *= 1e-38F;
  const auto engine = [] { return Engine({.threads = 2, .parallel_nanoseconds = 1}); };
  const auto text = [&](Stage stage) {
    return [&, stage] { return engine().compile(graph).text(stage); };
  };
  const std::vector<FloatEntry> entries{
      {"run", [&] { return bytes_of(run(engine().compile(graph), graph, inputs)); }},
      {"run with numbers and lengths built in",
       [&] {
         const CompileOptions options{.specialize = Specialize::scalars | Specialize::shape};
         return bytes_of(run(engine().compile(graph, options), graph, inputs));
       }},
      {"a bound call",
       [&] {
         std::vector<TensorData> outputs = make_outputs(graph);
         engine().compile(graph).bind(input_views(inputs), output_views(outputs))();
         return bytes_of(outputs);
       }},
      {"a function",
       [&] {
         std::vector<TensorData> outputs = make_outputs(graph);
         const auto f = engine().function([](Value v) { return v * 0.1; });
         f(input_views(inputs), output_views(outputs));
         return bytes_of(outputs);
       }},
      {"text of the graph", text(Stage::graph)},
      {"text of the plan", text(Stage::plan)},
      {"text of the loops", text(Stage::loops)},
      {"text of LLVM", text(Stage::llvm)},
      {"text of assembly", text(Stage::assembly)},
      {"text of CUDA C", text(Stage::cuda)},
      {"text of no stage", text(static_cast<Stage>(77))},
      {"a run without buffers",
       [&] {
         engine().compile(graph).run({}, {});
         return std::string();
       }},
  };
  expect_same_in_all_modes(entries);
}

}  // namespace
}  // namespace sinter::test
