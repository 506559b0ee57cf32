// The workloads and their contestants.
#include "workloads.h"

#include <algorithm>
#include <cmath>

#include <sinter/ir/graph.h>

#include "onednn.h"

namespace sinter::bench {
namespace {

Graph leaky_relu_graph(std::int64_t n) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {n}).leaky_relu(0.01));
  return graph;
}

Graph chain_graph(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {n});
  const Value b = graph.input("b", DType::f32, {n});
  const Value s = graph.input("s", DType::f32, {n});
  const Value r = graph.input("r", DType::f32, {n});
  graph.output("y", (x * 1.5 + b).leaky_relu(0.01) * s + r);
  return graph;
}

template <Op op>
Graph function_graph(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {n});
  graph.output("y", Value::apply(op, std::span(&x, 1)));
  return graph;
}

template <Op op>
std::optional<Contestant> onednn(OneDnnCall call, std::int64_t n, const float* const* inputs,
                                 float* output) {
  return onednn_function(op, call, n, inputs, output);
}

template <Op op>
Workload function() {
  return {to_string(op), 1, function_graph<op>, onednn<op>};
}

/// A call of run() that makes its views, as users write it.
template <std::size_t kInputs>
Contestant run_with(Executable program, std::vector<const float*> inputs, float* output,
                    std::int64_t n) {
  return contestant("run, views made",
                    [program = std::move(program), inputs = std::move(inputs), output, n] {
                      [&]<std::size_t... I>(std::index_sequence<I...>) {
                        program.run({view(inputs[I], {n})...}, {view(output, {n})});
                      }(std::make_index_sequence<kInputs>());
                    });
}

}  // namespace

const Workload kLeakyRelu{"leaky_relu", 1, leaky_relu_graph, onednn_leaky_relu};
const Workload kChain{"chain", 4, chain_graph, onednn_chain};

std::span<const Workload> function_workloads() {
  static const std::array workloads{function<Op::exp>(),     function<Op::log>(),
                                    function<Op::tanh>(),    function<Op::gelu>(),
                                    function<Op::sigmoid>(), function<Op::silu>()};
  return workloads;
}

Field::Field(std::int64_t elements) {
  constexpr std::int64_t kMargin = 64;  // elements for Offsets
  const auto bytes = static_cast<std::int64_t>(sizeof(float)) * (elements + kMargin);
  for (int i = 0; i < kInputs; ++i) {
    const AlignedBuffer& buffer = memory_.emplace_back(bytes);
    fill_uniform({buffer.data(), static_cast<std::size_t>(bytes)}, DType::f32,
                 static_cast<std::uint64_t>(i));
    inputs_[static_cast<std::size_t>(i)] = reinterpret_cast<const float*>(buffer.data());
  }
  output_ = reinterpret_cast<float*>(memory_.emplace_back(bytes).data());
}

void Field::make_positive() {
  for (const AlignedBuffer& buffer : memory_) {
    const std::span values(reinterpret_cast<float*>(buffer.data()),
                           static_cast<std::size_t>(buffer.bytes()) / sizeof(float));
    for (float& value : values) value = std::abs(value);
  }
}

Race::Race(const Workload& workload, const Field& field, std::int64_t n, Offsets offsets)
    : workload_(workload),
      n_(n),
      output_(field.output() + offsets.first + workload.inputs * offsets.step) {
  for (int i = 0; i < workload.inputs; ++i) {
    inputs_.push_back(field.inputs()[i] + offsets.first + i * offsets.step);
    input_views_.push_back(view(inputs_.back(), {n}));
  }
  output_view_ = view(output_, {n});
}

Executable Race::compile(const Engine& engine) const { return engine.compile(workload_.graph(n_)); }

Call Race::bind(const Engine& engine) const {
  return compile(engine).bind(input_views_, {&output_view_, 1});
}

Contestant Race::run(const Engine& engine) const {
  return contestant("run", [program = compile(engine), inputs = input_views_,
                            output = output_view_] { program.run(inputs, {&output, 1}); });
}

Contestant Race::run_with_views(const Engine& engine) const {
  constexpr std::array kByInputs{run_with<1>, run_with<2>, run_with<3>, run_with<4>};
  return kByInputs[inputs_.size() - 1](compile(engine), inputs_, output_, n_);
}

Contestant Race::bound(const Engine& engine) const { return contestant("bound", bind(engine)); }

Contestant Race::direct(const Engine& engine) const {
  auto call = std::make_shared<Call>(bind(engine));
  const DirectCall kernel = call->direct();
  return contestant("direct", [call = std::move(call), kernel] { kernel(); });
}

Contestant Race::copy(Stores stores, std::shared_ptr<Executor> executor) const {
  const auto bytes = static_cast<std::int64_t>(sizeof(float)) * n_;
  std::vector<ReadStream> reads;
  for (const float* input : inputs_) {
    reads.push_back({reinterpret_cast<const std::byte*>(input), bytes});
  }
  const WriteStream write{reinterpret_cast<std::byte*>(output_), bytes};
  return contestant(stores == Stores::plain ? "copy" : "copy, streaming",
                    Copy(reads, {&write, 1}, stores, std::move(executor)));
}

std::optional<Contestant> Race::onednn(OneDnnCall call) const {
  if (workload_.onednn == nullptr) return std::nullopt;
  return workload_.onednn(call, n_, inputs_.data(), output_);
}

double Race::difference(const Engine& engine, const Contestant& peer) const {
  std::fill_n(output_, n_, 0.0F);
  bound(engine).repeat(1);
  const std::vector<float> expected(output_, output_ + n_);
  std::fill_n(output_, n_, 0.0F);
  peer.repeat(1);
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(expected[i]) - output_[i]));
  }
  return largest;
}

}  // namespace sinter::bench
