// The elementwise part of a layer over real data, for several slopes of leaky_relu.
//
//   y = ((x - mean) * inv_std * gain + bias).leaky_relu(slope) * scale + residual
//
// x holds 1,797 handwritten digits of 64 pixels; mean and inv_std standardise each pixel. Seven ops
// become one kernel, and one compile serves all slopes. The table shows the cache hits, the times,
// and that the result equals the interpreter's bit for bit.
//
//   digits_sweep [--code FILE] [digits.csv]
//
// --code writes the LLVM IR of the kernel to a file.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/bench/copy.h>
#include <sinter/bench/timing.h>
#include <sinter/sinter.h>

#include "digits.h"

namespace {

using namespace sinter;

constexpr int kPixels = Digits::kPixels;

/// The data of the graph's inputs, in their order.
struct Layer {
  std::vector<float> x, mean, inv_std, gain, bias, scale, residual;
};

/// Computes mean and inverse standard deviation of each pixel in double. A pixel that is the same
/// in all images gets inv_std 0, which standardises it to 0. The weights are arbitrary but fixed.
Layer make_layer(const Digits& digits) {
  Layer layer;
  layer.x = digits.pixels;
  const auto pixel = [&](int row, int column) {
    return static_cast<double>(digits.pixels[static_cast<std::size_t>(row * kPixels + column)]);
  };
  for (int column = 0; column < kPixels; ++column) {
    double sum = 0;
    double squares = 0;
    for (int row = 0; row < digits.images(); ++row) sum += pixel(row, column);
    const double mean = sum / digits.images();
    for (int row = 0; row < digits.images(); ++row) {
      squares += (pixel(row, column) - mean) * (pixel(row, column) - mean);
    }
    const double deviation = std::sqrt(squares / digits.images());
    layer.mean.push_back(static_cast<float>(mean));
    layer.inv_std.push_back(deviation > 0 ? static_cast<float>(1 / deviation) : 0.0F);
    layer.gain.push_back(0.5F + static_cast<float>(column % 7) / 8);
    layer.bias.push_back(static_cast<float>(column % 5) / 8 - 0.25F);
    layer.scale.push_back(1.0F - static_cast<float>(column % 3) / 4);
  }
  for (const float value : layer.x) layer.residual.push_back(value / 16);
  return layer;
}

/// The graph. With `pre`, the operand of leaky_relu is a second output.
Graph make_graph(int images, double slope, bool pre = false) {
  Graph graph;
  const Shape full{images, kPixels};
  const Shape row{kPixels};
  const Value x = graph.input("x", DType::f32, full);
  const Value mean = graph.input("mean", DType::f32, row);
  const Value inv_std = graph.input("inv_std", DType::f32, row);
  const Value gain = graph.input("gain", DType::f32, row);
  const Value bias = graph.input("bias", DType::f32, row);
  const Value scale = graph.input("scale", DType::f32, row);
  const Value residual = graph.input("residual", DType::f32, full);
  const Value hidden = (x - mean) * inv_std * gain + bias;
  graph.output("y", hidden.leaky_relu(slope) * scale + residual);
  if (pre) graph.output("pre", hidden);
  return graph;
}

std::vector<std::span<const float>> operands(const Layer& layer) {
  return {layer.x, layer.mean, layer.inv_std, layer.gain, layer.bias, layer.scale, layer.residual};
}

std::vector<ConstTensorView> views(const Layer& layer, int images) {
  std::vector<ConstTensorView> result;
  for (const std::span<const float> data : operands(layer)) {
    const bool full = data.size() == layer.x.size();
    result.push_back(view(data, full ? Shape{images, kPixels} : Shape{kPixels}));
  }
  return result;
}

std::vector<TensorData> reference(const Layer& layer, int images, const Graph& graph) {
  std::vector<TensorData> inputs;
  for (const std::span<const float> data : operands(layer)) {
    const bool full = data.size() == layer.x.size();
    inputs.push_back(TensorData::from<float>(full ? Shape{images, kPixels} : Shape{kPixels}, data));
  }
  return interpret(graph, inputs);
}

/// Median microseconds of the fused program, of the same graph op by op, and of a copy with the
/// same reads and writes. The three are measured alternately.
struct Times {
  double fused = 0, op_by_op = 0, copy = 0;
};

Times measure(const Engine& engine, const Graph& graph, const Executable& fused, const Layer& layer,
              int images, std::vector<float>& y) {
  const std::vector<ConstTensorView> inputs = views(layer, images);
  const std::vector<TensorView> outputs{view(y, {images, kPixels})};
  Call call = fused.bind(inputs, outputs);
  std::vector<float> other(y.size());
  const std::vector<TensorView> other_outputs{view(other, {images, kPixels})};
  Call ops = engine.compile(graph, {.fuse = Fuse::none}).bind(inputs, other_outputs);
  std::vector<bench::ReadStream> reads;
  for (const std::span<const float> data : operands(layer)) {
    reads.push_back({std::as_bytes(data).data(), static_cast<std::int64_t>(data.size_bytes())});
  }
  const bench::WriteStream write{reinterpret_cast<std::byte*>(other.data()),
                                 static_cast<std::int64_t>(other.size() * sizeof(float))};
  const bench::Copy copy(reads, std::span(&write, 1), bench::Stores::plain);
  const std::vector<bench::Contestant> contestants{bench::contestant("fused", [&] { call(); }),
                                                   bench::contestant("op by op", [&] { ops(); }),
                                                   bench::contestant("copy", [&] { copy(); })};
  const std::vector<bench::Samples> samples = bench::interleave(contestants);
  const auto microseconds = [&](std::size_t i) {
    return bench::spread_of(samples[i]).median / 1e3;
  };
  return {microseconds(0), microseconds(1), microseconds(2)};
}

/// "made" if the cache made an entry between the two counts, else `otherwise`.
const char* made_or(const char* otherwise, const CacheStats& before, const CacheStats& after) {
  return after.misses > before.misses ? "made" : otherwise;
}

/// Runs one slope and appends its row to `table`. Returns true if the bits equal the interpreter's.
bool sweep_one(const Engine& engine, const Layer& layer, int images, double slope,
               std::string& table) {
  const Graph graph = make_graph(images, slope);
  const Stats before = engine.stats();
  const Executable program = engine.compile(graph);
  const Stats after = engine.stats();
  const double compile_ms = static_cast<double>(after.times.total() - before.times.total()) / 1e6;

  std::vector<float> y(layer.x.size());
  const Times times = measure(engine, graph, program, layer, images, y);
  const std::vector<TensorData> expected =
      reference(layer, images, make_graph(images, slope, true));
  const bool equal =
      first_difference(expected[0],
                       TensorData::from<float>({images, kPixels}, std::span<const float>(y))) == -1;
  const std::span<const float> pre = expected[1].as<float>();
  const auto negative = std::ranges::count_if(pre, [](float value) { return value < 0; });

  char row[160];
  std::snprintf(row, sizeof row,
                "%6g  %-6s  %-6s  %-6s  %10.2f  %8.1f  %11.1f  %7.1f  %7.1f %%  %s\n", slope,
                after.kernels.misses > before.kernels.misses ? "miss" : "hit",
                made_or("shared", before.plans, after.plans),
                made_or("shared", before.code, after.code), compile_ms, times.fused, times.op_by_op,
                times.copy, 100.0 * static_cast<double>(negative) / static_cast<double>(pre.size()),
                equal ? "equal" : "DIFFERENT");
  table += row;
  return equal;
}

struct Options {
  std::string digits = SINTER_DIGITS;
  std::string code;
};

void write_code(const std::string& path, const Executable& program) {
  std::ofstream file(path);
  file << program.text(Stage::llvm);
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
  std::printf("LLVM IR of the kernel: %s\n", path.c_str());
}

int run(const char* program, const Options& options) {
  const Digits digits = read_digits(options.digits);
  const Layer layer = make_layer(digits);
  const int images = digits.images();
  const Engine engine(EngineOptions{.threads = 1});

  std::string table;
  bool equal = true;
  // The last slope occurs twice: the second time it is in the kernel cache.
  for (const double slope : {0.001, 0.01, 0.1, 0.3, 0.3}) {
    equal = sweep_one(engine, layer, images, slope, table) && equal;
  }
  std::printf("%d digits of %d pixels, f32, %s, one thread\n", images, kPixels,
              engine.target().cpu.c_str());
  std::printf("y = ((x - mean) * inv_std * gain + bias).leaky_relu(slope) * scale + residual\n\n");
  std::printf(
      " slope  kernel  plan    code    compile ms  fused us  op by op us  copy us  "
      "negative  bits\n%s",
      table.c_str());
  std::printf(
      "\nkernel: this shape, dtype and slope was compiled before (hit) or not (miss).\n"
      "plan, code: made for this slope, or shared with earlier ones. copy: the same reads and\n"
      "writes. negative: pre-activations below 0. bits: compared with the interpreter.\n\n"
      "Every stage of the kernel: SINTER_DUMP=graph,plan,loops,llvm,assembly %s\n",
      program);
  if (!options.code.empty()) {
    write_code(options.code, engine.compile(make_graph(images, 0.01)));
  }
  return equal ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    for (int i = 1; i < argc; ++i) {
      const std::string_view flag = argv[i];
      if (flag == "--code" && i + 1 < argc) {
        options.code = argv[++i];
      } else if (!flag.starts_with("-")) {
        options.digits = flag;
      } else {
        std::printf("usage: digits_sweep [--code FILE] [digits.csv]\n");
        return flag == "--help" ? 0 : 2;
      }
    }
    return run(argv[0], options);
  } catch (const std::exception& error) {
    std::cerr << "digits_sweep: " << error.what() << '\n';
    return 1;
  }
}
