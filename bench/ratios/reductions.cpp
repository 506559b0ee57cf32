// Rows of reductions: compared with a plain vector sum, with reading the same bytes, and with
// oneDNN.
#include <memory>

#include <fmt/format.h>

#include <sinter/bench/copy.h>
#include <sinter/bench/data.h>
#include <sinter/runtime/engine.h>

#include "../onednn.h"
#include "../vector_sum.h"
#include "rows.h"

namespace sinter::bench {
namespace {

constexpr std::int64_t k64M = std::int64_t{64} << 20;

using Method = Value (*)(const Value& x);

/// A graph of one input, bound to buffers that it owns, and its peers on the same input.
class Reduction {
 public:
  Reduction(const Engine& engine, const Shape& shape, Method method) {
    Graph graph;
    graph.output("y", method(graph.input("x", DType::f32, shape)));
    buffers_ = std::make_shared<GraphBuffers>(graph, 1);
    call_ =
        std::make_shared<Call>(engine.compile(graph).bind(buffers_->inputs(), buffers_->outputs()));
  }

  [[nodiscard]] Contestant ours() const {
    return contestant("sinter", [call = call_, buffers = buffers_] { (*call)(); });
  }
  [[nodiscard]] Contestant sum(const std::shared_ptr<Executor>& executor) const {
    const std::span<const float> x(static_cast<const float*>(input().data), elements());
    return contestant("vector sum", [x, executor] {
      float total = vector_sum(x, executor.get());
      asm volatile("" : "+x"(total));
    });
  }
  [[nodiscard]] Contestant reading(const std::shared_ptr<Executor>& executor) const {
    const ReadStream all{static_cast<const std::byte*>(input().data),
                         static_cast<std::int64_t>(elements() * sizeof(float))};
    return contestant("read", Copy({&all, 1}, {}, Stores::plain, executor));
  }

  [[nodiscard]] std::optional<Contestant> onednn_softmax() const {
    const Shape& shape = input().shape;
    return bench::onednn_softmax(OneDnnCall::cpp, shape[0], shape[1],
                                 static_cast<const float*>(input().data),
                                 static_cast<float*>(buffers_->outputs()[0].data));
  }

 private:
  [[nodiscard]] const ConstTensorView& input() const { return buffers_->inputs()[0]; }
  [[nodiscard]] std::size_t elements() const {
    return static_cast<std::size_t>(input().shape.elements());
  }

  std::shared_ptr<GraphBuffers> buffers_;
  std::shared_ptr<Call> call_;
};

Row against(std::string what, double target, const Contestant& ours, const Contestant& theirs,
            const Timing& timing) {
  Row row{.what = std::move(what), .bound = Bound::at_least, .target = target, .unit = "x"};
  const std::vector<Contestant> contestants{ours, theirs};
  const std::vector<Samples> samples = interleave(contestants, timing);
  row.reached = paired_ratio(samples[1], samples[0]);
  row.note = fmt::format("{:.4g} ns; {} {:.4g} ns", spread_of(samples[0]).median, theirs.name,
                         spread_of(samples[1]).median);
  return row;
}

/// An executor for both contestants; null for one thread.
std::shared_ptr<Executor> threads(int count) {
  return count > 1 ? make_thread_pool(count) : nullptr;
}

Engine engine_on(const std::shared_ptr<Executor>& executor) {
  return executor == nullptr ? Engine({.threads = 1}) : Engine({.executor = executor});
}

struct Case {
  std::string_view what;
  Shape shape;
  Method method;
  double targets[2];  ///< targets on one and two threads; 0 for no row
};

/// Reductions that are bound by reading memory.
const Case kReading[] = {
    {"sum of [4096, 4096] over axis 0", {4096, 4096}, [](auto& x) { return x.sum(0); }, {0.9, 0}},
    {"sum of [1024, 32768] over axis 0",
     {1024, 32768},
     [](auto& x) { return x.sum(0); },
     {0.9, 0.9}},
    {"sum of [1000000, 8] over axis 0", {1000000, 8}, [](auto& x) { return x.sum(0); }, {0.5, 0.5}},
    {"sum of [64, 128, 256] over axes 0, 2",
     {64, 128, 256},
     [](auto& x) { return x.sum({0, 2}); },
     {0.8, 0}},
    {"sum of [1000000, 10] over axis 1", {1000000, 10}, [](auto& x) { return x.sum(1); }, {0.5, 0}},
    {"amax of 64M", {k64M}, [](auto& x) { return x.amax(); }, {0.9, 0.9}},
    {"argmax of 64M", {k64M}, [](auto& x) { return x.argmax(); }, {0.8, 0.8}},
    {"argmax of [65536, 1000] over axis 1",
     {65536, 1000},
     [](auto& x) { return x.argmax(1); },
     {0.8, 0}},
};

void add_softmax_row(std::vector<Row>& rows, const Timing& timing) {
  const Engine engine({.threads = 1});
  const Reduction softmax(engine, {256, 1024}, [](const Value& x) { return x.softmax(); });
  const std::string what = "softmax of [256, 1024] / oneDNN";
  const std::optional<Contestant> peer = softmax.onednn_softmax();
  if (peer.has_value()) {
    rows.push_back(against(what, 1, softmax.ours(), *peer, timing));
  } else {
    rows.push_back(not_run({.what = what, .bound = Bound::at_least, .target = 1, .unit = "x"},
                           onednn_version()));
  }
}

}  // namespace

void add_reduction_rows(std::vector<Row>& rows, const RatioOptions& options) {
  add_softmax_row(rows, options.small());
  const Method mean = [](const Value& x) { return x.relu().mean(); };
  for (const int count : {1, 2}) {
    const std::shared_ptr<Executor> executor = threads(count);
    const Engine engine = engine_on(executor);
    const Reduction alive(engine, {k64M}, mean);
    rows.push_back(against(fmt::format("relu().mean(), 64M, {} thread(s) / vector sum", count),
                           count == 1 ? 0.98 : 0.93, alive.ours(), alive.sum(executor),
                           options.large()));
    for (const Case& each : kReading) {
      const double target = each.targets[count - 1];
      if (target == 0) continue;
      const Reduction reduction(engine, each.shape, each.method);
      rows.push_back(against(fmt::format("{}, {} thread(s) / reading it", each.what, count), target,
                             reduction.ours(), reduction.reading(executor), options.large()));
    }
  }
}

}  // namespace sinter::bench
