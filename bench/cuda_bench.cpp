// sinter_cuda_bench [--quick]: measures in one run every figure of docs/figures.md, "On a GPU",
// except PyTorch's. Without a GPU it says why, measures what needs none, and exits with 0.
//
// sinter_cuda_bench --leaky-f16: prints lines for peers/torch_cuda.py: log2(elements), and the
// median device time of leaky_relu on f16 in nanoseconds.
//
// Kernels are timed by events on the device, calls and compiles by the host's clock. Contestants
// are interleaved in rounds; a ratio is the median of the ratios within a round.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include <sinter/bench/timing.h>
#include <sinter/codegen/cuda.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/sinter.h>

#include "cuda/device.h"

namespace sinter::bench {
namespace {

/// The device to measure, and how.
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

/// A chain of elementwise ops on one to four inputs of `n` elements.
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

/// Device buffers for the inputs of a graph, zeroed, and for its single output.
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

/// Terabytes per second of a contestant whose calls move `bytes` each.
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

/// An elementwise graph, and the same computation by cub::DeviceTransform.
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

/// Dense layers, in operations per second: a product counts as 2 M N K operations. The products use
/// fused multiply-adds with k ascending, as on all backends.
void add_product_rows(const Measured& measured) {
  for (const std::int64_t n : {256, 1024, 4096}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {n, n});
    const Value weight = graph.input("weight", DType::f32, {n, n}).transpose();
    const Value bias = graph.input("bias", DType::f32, {n});
    graph.output("y", (x.mm(weight) + bias).leaky_relu(0.01));
    const Buffers buffers(measured.engine, graph);
    const std::vector<Contestant> one{bound("sinter", measured.engine, graph, buffers)};
    const auto samples = measured.clock->interleave(one, measured.timing());
    const double cube = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
    print_row(fmt::format("leaky_relu(x mm weight^T + bias), f32, {} square", n), "",
              fmt::format("{:.3g} TFLOP/s", 2 * cube / spread_of(samples[0]).median / 1000));
  }
}

constexpr const char* kCompileRow =
    "request to cubin of a 5-op kernel / NVRTC's own time for an empty kernel";
constexpr const char* kCompileTarget = "at most 1.3";

// --- Calls and compiles --------------------------------------------------------------------------

/// Host nanoseconds per call, by round. A round is `calls` calls on an idle device, so few that its
/// launch queue does not fill.
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
  const Samples bare = host_samples(measured, [&] { measured.clock->launch_nothing(); }, kCalls);
  const Samples ours = host_samples(measured, [&] { call(); }, kCalls);
  print_row(
      "host time of a bound call over a bare cuLaunchKernel", "1.1",
      fmt::format("{}; {:.3g} us", text(paired_ratio(ours, bare)), spread_of(ours).median / 1000));
}

/// NVRTC called directly, in the library that sinter has opened.
class Nvrtc {
 public:
  Nvrtc() {
    void* library = dlopen("libnvrtc.so.13", RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) library = dlopen("libnvrtc.so.12", RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) return;
    const auto find = [&](const char* name, auto*& function) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    };
    find("nvrtcCreateProgram", create_);
    find("nvrtcCompileProgram", compile_);
    find("nvrtcGetCUBINSize", cubin_bytes_);
    find("nvrtcGetCUBIN", cubin_);
    find("nvrtcGetPTXSize", ptx_bytes_);
    find("nvrtcGetPTX", ptx_);
    find("nvrtcDestroyProgram", destroy_);
  }
  [[nodiscard]] bool is_there() const { return create_ != nullptr; }

  /// Compiles to a cubin for an H200, or to PTX for it and all later GPUs. True on success.
  [[nodiscard]] bool compile(const std::string& source, std::span<const std::string_view> more,
                             bool ptx = false) const {
    std::vector<std::string> options{ptx ? "--gpu-architecture=compute_90"
                                         : "--gpu-architecture=sm_90"};
    options.insert(options.end(), more.begin(), more.end());
    std::vector<const char*> words;
    for (const std::string& option : options) words.push_back(option.c_str());
    void* program = nullptr;
    create_(&program, source.c_str(), "kernel.cu", 0, nullptr, nullptr);
    std::size_t bytes = 0;
    bool made = compile_(program, static_cast<int>(words.size()), words.data()) == 0;
    made = made && (ptx ? ptx_bytes_ : cubin_bytes_)(program, &bytes) == 0;
    std::string code(bytes, ' ');
    made = made && (ptx ? ptx_ : cubin_)(program, code.data()) == 0;
    destroy_(&program);
    return made;
  }

 private:
  int (*create_)(void**, const char*, const char*, int, const char* const*,
                 const char* const*) = nullptr;
  int (*compile_)(void*, int, const char* const*) = nullptr;
  int (*cubin_bytes_)(void*, std::size_t*) = nullptr;
  int (*cubin_)(void*, char*) = nullptr;
  int (*ptx_bytes_)(void*, std::size_t*) = nullptr;
  int (*ptx_)(void*, char*) = nullptr;
  int (*destroy_)(void**) = nullptr;
};

double nanoseconds_of(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

/// The options that sinter gives NVRTC besides cuda_compile_options().
constexpr std::array<std::string_view, 2> kQuickly{"--std=c++17", "--minimal"};

/// Nanoseconds that NVRTC takes to compile an empty kernel.
double time_empty(const Nvrtc& nvrtc, std::span<const std::string_view> options) {
  return nanoseconds_of([&] {
    static_cast<void>(nvrtc.compile("extern \"C\" __global__ void nothing() {}", options));
  });
}

/// Ratios of our compiles to those of an empty kernel with kQuickly and with no options, and the
/// time of ours.
std::string compile_text(const Samples& ours, const Samples& empty, const Samples& plain) {
  return fmt::format("{}; {} if the empty one has no options; {:.3g} ms",
                     text(paired_ratio(ours, empty)), text(paired_ratio(ours, plain)),
                     spread_of(ours).median / 1e6);
}

/// The row of compiles without a GPU: from a graph to its cubin by ir, codegen and NVRTC, without a
/// runtime. Our compiles and those of an empty kernel are interleaved.
void add_compile_row_without_gpu(bool quick) {
  static_cast<void>(Engine().compile(chain(1, 8)).text(Stage::ptx));  // opens NVRTC
  const Nvrtc nvrtc;
  std::vector<std::string_view> options(kQuickly.begin(), kQuickly.end());
  options.insert(options.end(), cuda_compile_options().begin(), cuda_compile_options().end());
  Samples ours, empty, plain, source, ptx;
  for (int round = 0; round < (quick ? 5 : 51); ++round) {
    std::string text;
    source.push_back(nanoseconds_of([&] {
      const Graph graph = chain(4, 1000 + round);
      const GpuTarget target;
      const Plan plan = plan_graph(graph, target.plan_limits(), Fuse::all);
      const Graph body = expand(plan.kernels[0].body, plan.kernels[0].body.parameters());
      text = emit_cuda(schedule_cuda(body, collapse(body), target)).source;
    }));
    bool made = false;
    ours.push_back(source.back() + nanoseconds_of([&] { made = nvrtc.compile(text, options); }));
    ptx.push_back(nanoseconds_of([&] { made = nvrtc.compile(text, options, true) && made; }));
    empty.push_back(time_empty(nvrtc, kQuickly));
    plain.push_back(time_empty(nvrtc, {}));
    if (!made) return print_row(kCompileRow, kCompileTarget, "not run: NVRTC refuses the kernel");
  }
  print_row(
      kCompileRow, kCompileTarget,
      fmt::format("{}, of which {:.3g} from graph to source, {:.3g} from source to PTX; there is "
                  "no GPU to load it",
                  compile_text(ours, empty, plain), spread_of(source).median / 1e6,
                  spread_of(ptx).median / 1e6));
}

/// The rows of compiles on a GPU. Each graph is compiled by an engine with empty caches, and then
/// again as a known one.
void add_compile_rows(const Measured& measured) {
  const int rounds = measured.quick ? 5 : 21;
  Samples ours;
  Samples known;
  for (int round = 0; round < rounds; ++round) {
    const Engine fresh(EngineOptions{.device = measured.engine.device()});
    const Graph graph = chain(4, 1000 + round);
    for (Samples* samples : {&ours, &known}) {
      samples->push_back(nanoseconds_of([&] { static_cast<void>(fresh.compile(graph)); }));
    }
  }
  const Nvrtc nvrtc;
  Samples empty, plain;
  for (int round = 0; round < rounds && nvrtc.is_there(); ++round) {
    empty.push_back(time_empty(nvrtc, kQuickly));
    plain.push_back(time_empty(nvrtc, {}));
  }
  print_row(kCompileRow, kCompileTarget,
            empty.empty()
                ? fmt::format("{:.3g} ms; NVRTC itself was not timed", spread_of(ours).median / 1e6)
                : compile_text(ours, empty, plain));
  print_row("ready from the cache", "under 1 ms",
            fmt::format("{:.3g} us", spread_of(known).median / 1000));
}

/// Prints the lines that peers/torch_cuda.py reads.
void print_leaky_f16(const Measured& measured) {
  for (const int bits : {20, 22, 24, 26, 28}) {
    const Graph graph = leaky(DType::f16, std::int64_t{1} << bits);
    const Buffers buffers(measured.engine, graph);
    Call call = measured.engine.compile(graph).bind(buffers.in, buffers.outputs());
    const Samples samples = measured.clock->captured(
        [&](void* stream) { call({.stream = stream}); }, measured.timing());
    fmt::print("{} {}\n", bits, spread_of(samples).median);
  }
}

int run(bool quick, bool leaky_f16) {
  std::string reason;
  std::unique_ptr<DeviceClock> clock = DeviceClock::open(0, reason);
  try {
    if (clock == nullptr) {
      fmt::print("skipped: {}\n", reason);
      if (!leaky_f16) add_compile_row_without_gpu(quick);
      return 0;
    }
    if (leaky_f16) {
      print_leaky_f16({true, std::move(clock), Engine({.device = Device::cuda(0)})});
      return 0;
    }
    const Measured measured{quick, std::move(clock), Engine({.device = Device::cuda(0)})};
    fmt::print("{}\n\n| what | at least | reached (10 .. 90 %) |\n|---|---|---|\n",
               measured.clock->name());
    add_compile_rows(measured);
    add_call_row(measured);
    add_chain_rows(measured);
    add_transform_rows(measured);
    add_reduction_rows(measured);
    add_product_rows(measured);
  } catch (const Error& error) {
    fmt::print("skipped: {}\n", error.what());
  }
  return 0;
}

}  // namespace
}  // namespace sinter::bench

int main(int argc, char** argv) {
  const std::string_view option = argc == 2 ? argv[1] : "";
  const bool known = argc == 1 || option == "--quick" || option == "--leaky-f16";
  if (!known) {
    fmt::print(stderr, "sinter_cuda_bench [--quick | --leaky-f16], got '{}'\n", argv[1]);
    return 2;
  }
  return sinter::bench::run(option == "--quick", option == "--leaky-f16");
}
