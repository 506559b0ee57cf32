// sinter_cuda_bench [--quick]: every figure of bench/README.md, "On a GPU", but PyTorch's, measured
// in one run. Without a GPU it says why and exits with 0.
//
// Times of kernels are device time between events, times of calls and compiles are the host's.
// Contestants take turns, and a ratio is the median of those within a round.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include <sinter/bench/timing.h>
#include <sinter/sinter.h>

#include "cuda/device.h"

namespace sinter::bench {
namespace {

struct Measured {
  bool quick = false;
  std::unique_ptr<DeviceClock> clock;
  Engine engine;
  [[nodiscard]] Timing timing() const {
    return {.rounds = quick ? 5 : 51, .sample_seconds = quick ? 1e-3 : 5e-3};
  }
};

void print_row(const std::string& what, const std::string& target, const std::string& reached) {
  fmt::print("| {} | {} | {} |\n", what, target, reached);
  std::fflush(stdout);
}

std::string text(const Spread& ratio) {
  return fmt::format("{:.3g} ({:.3g} .. {:.3g})", ratio.median, ratio.low, ratio.high);
}

// --- Kernels -------------------------------------------------------------------------------------

/// A chain of one to four inputs.
Graph chain(int inputs, std::int64_t n) {
  Graph graph;
  Value y = graph.input("x", DType::f32, {n}) * 1.5;
  if (inputs > 1) y = y + graph.input("b", DType::f32, {n});
  y = y.leaky_relu(0.01);
  if (inputs > 2) y = y * graph.input("s", DType::f32, {n});
  if (inputs > 3) y = y + graph.input("r", DType::f32, {n});
  graph.output("y", y);
  return graph;
}

/// Buffers for a graph whose inputs and output are all alike.
struct Buffers {
  Buffers(const Engine& engine, const Graph& graph) {
    const auto add = [&](NodeId node) -> DeviceBuffer& {
      const DType dtype = graph.node(node).dtype;
      const std::int64_t n = graph.shape(node).elements();
      made.push_back(engine.allocate(static_cast<std::size_t>(n * info(dtype).bytes)));
      return made.back();
    };
    for (const GraphInput& input : graph.inputs()) {
      const DType dtype = graph.node(input.node).dtype;
      DeviceBuffer& buffer = add(input.node);
      buffer.write(std::vector<std::byte>(buffer.bytes()));
      in.push_back(buffer.view(dtype, graph.shape(input.node)));
      pointers.push_back(buffer.data());
    }
    const NodeId node = graph.outputs()[0].node;
    out = add(node).view(graph.node(node).dtype, graph.shape(node));
  }
  [[nodiscard]] std::span<const TensorView> outputs() const { return {&out, 1}; }

  std::vector<DeviceBuffer> made;
  std::vector<ConstTensorView> in;
  std::vector<const void*> pointers;
  TensorView out;
};

Contestant bound(std::string name, const Engine& engine, const Graph& graph, const Buffers& buffers,
                 Fuse fuse = Fuse::all) {
  const Executable program = engine.compile(graph, {.fuse = fuse});
  const auto call = std::make_shared<Call>(program.bind(buffers.in, buffers.outputs()));
  return contestant(std::move(name), [call] { (*call)(); });
}

/// Bytes a second of the first contestant, from what it moves.
double terabytes(const Samples& samples, std::int64_t bytes) {
  return static_cast<double>(bytes) / spread_of(samples).median / 1000;
}

void add_chain_rows(const Measured& measured) {
  constexpr std::int64_t kElements = std::int64_t{64} << 20;
  for (int inputs = 1; inputs <= 4; ++inputs) {
    const Graph graph = chain(inputs, kElements);
    const Buffers buffers(measured.engine, graph);
    std::vector<Contestant> contestants{
        bound("fused", measured.engine, graph, buffers),
        bound("op by op", measured.engine, graph, buffers, Fuse::none)};
    const std::int64_t bytes = kElements * 4;
    if (peers().copy != nullptr) {
      contestants.push_back(contestant(
          "copy", [&] { peers().copy(buffers.pointers.data(), inputs, buffers.out.data, bytes); }));
    } else if (inputs == 1) {
      contestants.push_back(contestant("the driver's copy", [&] {
        measured.clock->copy(buffers.out.data, buffers.pointers[0],
                             static_cast<std::size_t>(bytes));
      }));
    }
    const auto samples = measured.clock->interleave(contestants, measured.timing());
    const std::string what = fmt::format("f32 chain of {} inputs, 256 MB each", inputs);
    print_row(what + " / op by op", "",
              fmt::format("{}; {:.3g} TB/s", text(paired_ratio(samples[1], samples[0])),
                          terabytes(samples[0], bytes * (inputs + 1))));
    print_row(what + " / copy of the same mix", "0.95",
              samples.size() < 3 ? "not run: the build had no nvcc"
                                 : text(paired_ratio(samples[2], samples[0])));
  }
}

struct Transform {
  std::string_view name;
  std::string_view target;
  Graph (*graph)(std::int64_t n);
  void (*run)(const Buffers& buffers, std::int64_t n);
};

Graph leaky(DType dtype, std::int64_t n) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {n}).leaky_relu(0.01));
  return graph;
}

const std::array kTransforms{
    Transform{"f32", "0.98", [](std::int64_t n) { return leaky(DType::f32, n); },
              [](const Buffers& buffers, std::int64_t n) {
                peers().transform_f32(buffers.pointers[0], buffers.out.data, n);
              }},
    Transform{"f16", "1.0", [](std::int64_t n) { return leaky(DType::f16, n); },
              [](const Buffers& buffers, std::int64_t n) {
                peers().transform_f16(buffers.pointers[0], buffers.out.data, n);
              }},
    Transform{"two inputs", "1.0",
              [](std::int64_t n) {
                Graph graph;
                const Value a = graph.input("a", DType::f32, {n});
                const Value b = graph.input("b", DType::f32, {n});
                graph.output("y", (a + b).leaky_relu(0.01));
                return graph;
              },
              [](const Buffers& buffers, std::int64_t n) {
                peers().transform_sum(buffers.pointers[0], buffers.pointers[1], buffers.out.data,
                                      n);
              }}};

void add_transform_rows(const Measured& measured) {
  for (const Transform& transform : kTransforms) {
    for (const int bits : {16, 18, 20, 22, 24, 26, 28}) {
      const std::int64_t n = std::int64_t{1} << bits;
      const std::string what =
          fmt::format("leaky_relu {}, 2^{} / DeviceTransform", transform.name, bits);
      if (peers().transform_f32 == nullptr) {
        print_row(what, std::string(transform.target), "not run: the build had no nvcc");
        continue;
      }
      const Graph graph = transform.graph(n);
      const Buffers buffers(measured.engine, graph);
      const std::vector<Contestant> contestants{
          bound("sinter", measured.engine, graph, buffers),
          contestant("DeviceTransform", [&] { transform.run(buffers, n); })};
      const auto samples = measured.clock->interleave(contestants, measured.timing());
      print_row(what, std::string(transform.target), text(paired_ratio(samples[1], samples[0])));
    }
  }
}

void add_reduction_rows(const Measured& measured) {
  for (const auto& [rows, length] :
       {std::pair{1 << 16, 1 << 10}, {1 << 12, 1 << 14}, {1, 1 << 26}}) {
    Graph sum;
    sum.output("y", sum.input("x", DType::f32, {rows, length}).sum(-1));
    Graph softmax;
    softmax.output("y", softmax.input("x", DType::f32, {rows, length}).softmax());
    for (const auto* graph : {&sum, &softmax}) {
      const Buffers buffers(measured.engine, *graph);
      const std::vector<Contestant> one{bound("sinter", measured.engine, *graph, buffers)};
      const auto samples = measured.clock->interleave(one, measured.timing());
      const std::int64_t bytes = std::int64_t{rows} * length * 4 * (graph == &sum ? 1 : 2);
      print_row(
          fmt::format("{} over {} rows of {}", graph == &sum ? "sum" : "softmax", rows, length), "",
          fmt::format("{:.3g} TB/s", terabytes(samples[0], bytes)));
    }
  }
}

// --- Calls and compiles --------------------------------------------------------------------------

/// Nanoseconds of the host a call, of few calls at a time, so that no queue fills.
Samples host_samples(const Measured& measured, const std::function<void()>& call, int calls) {
  Samples samples;
  for (int round = 0; round < (measured.quick ? 21 : 201); ++round) {
    measured.clock->wait();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    samples.push_back(took.count() / calls);
  }
  return samples;
}

void add_call_row(const Measured& measured) {
  const Graph graph = chain(1, 256);
  const Buffers buffers(measured.engine, graph);
  Call call = measured.engine.compile(graph).bind(buffers.in, buffers.outputs());
  constexpr int kCalls = 100;
  const Samples bare = host_samples(
      measured, [&] { measured.clock->launch_nothing(); }, kCalls);
  const Samples ours = host_samples(
      measured, [&] { call(); }, kCalls);
  print_row(
      "host time of a bound call over a bare cuLaunchKernel", "1.1",
      fmt::format("{}; {:.3g} us", text(paired_ratio(ours, bare)), spread_of(ours).median / 1000));
}

/// NVRTC's own time for an empty kernel: the library is the one that the engine has opened.
Samples empty_compiles(int rounds) {
  void* library = dlopen("libnvrtc.so.13", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) library = dlopen("libnvrtc.so.12", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return {};
  const auto create =
      reinterpret_cast<int (*)(void**, const char*, const char*, int, const char* const*,
                               const char* const*)>(dlsym(library, "nvrtcCreateProgram"));
  const auto compile = reinterpret_cast<int (*)(void*, int, const char* const*)>(
      dlsym(library, "nvrtcCompileProgram"));
  const auto destroy = reinterpret_cast<int (*)(void**)>(dlsym(library, "nvrtcDestroyProgram"));
  const std::array options{"--gpu-architecture=sm_90", "--std=c++17", "--minimal"};
  Samples samples;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    void* program = nullptr;
    create(&program, "extern \"C\" __global__ void nothing() {}", "nothing.cu", 0, nullptr,
           nullptr);
    const bool made = compile(program, static_cast<int>(options.size()), options.data()) == 0;
    destroy(&program);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (made) samples.push_back(took.count());
  }
  return samples;
}

/// Each by an engine that has seen nothing yet.
void add_compile_rows(const Measured& measured) {
  const int rounds = measured.quick ? 5 : 21;
  Samples ours;
  Samples known;
  for (int round = 0; round < rounds; ++round) {
    const Engine fresh(EngineOptions{.device = measured.engine.device()});
    const Graph graph = chain(4, 1000 + round);
    for (Samples* samples : {&ours, &known}) {
      const auto begin = std::chrono::steady_clock::now();
      static_cast<void>(fresh.compile(graph));
      const std::chrono::duration<double, std::nano> took =
          std::chrono::steady_clock::now() - begin;
      samples->push_back(took.count());
    }
  }
  const Samples empty = empty_compiles(rounds);
  const std::string stages = fmt::format("{:.3g} ms", spread_of(ours).median / 1e6);
  print_row(
      "request to cubin of a 5-op kernel / NVRTC's own time for an empty kernel", "at most 1.3",
      empty.size() != ours.size() ? stages + "; NVRTC was not to be timed"
                                  : fmt::format("{}; {}", text(paired_ratio(ours, empty)), stages));
  print_row("ready from the cache", "under 1 ms",
            fmt::format("{:.3g} us", spread_of(known).median / 1000));
}

int run(bool quick) {
  std::string reason;
  std::unique_ptr<DeviceClock> clock = DeviceClock::open(0, reason);
  if (clock == nullptr) {
    fmt::print("skipped: {}\n", reason);
    return 0;
  }
  try {
    const Measured measured{quick, std::move(clock), Engine({.device = Device::cuda(0)})};
    fmt::print("{}\n\n| what | at least | reached (10 .. 90 %) |\n|---|---|---|\n",
               measured.clock->name());
    add_compile_rows(measured);
    add_call_row(measured);
    add_chain_rows(measured);
    add_transform_rows(measured);
    add_reduction_rows(measured);
  } catch (const Error& error) {
    fmt::print("skipped: {}\n", error.what());
  }
  return 0;
}

}  // namespace
}  // namespace sinter::bench

int main(int argc, char** argv) {
  const bool quick = argc == 2 && std::string_view(argv[1]) == "--quick";
  if (argc > 1 && !quick) {
    fmt::print(stderr, "sinter_cuda_bench [--quick], got '{}'\n", argv[1]);
    return 2;
  }
  return sinter::bench::run(quick);
}
