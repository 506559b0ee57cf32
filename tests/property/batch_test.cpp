// A row gives the same bits alone and in any batch: softmax, layer norm, sums, products and
// networks, on every target, with one thread and two. Plans may differ with the number of rows.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>
#include <sinter/sinter.h>

namespace sinter::test {
namespace {

constexpr std::int64_t kHidden = 33;

struct RowWise {
  const char* what;
  std::int64_t width;    ///< of the result; 0 for the width of x
  std::int64_t columns;  ///< of x
  Value (*of)(const Value& x, const Value& w);
};

const RowWise kRowWise[] = {
    {"softmax", 0, 1100, [](const Value& x, const Value&) { return x.softmax(); }},
    {"softmax of long rows", 0, 70000, [](const Value& x, const Value&) { return x.softmax(); }},
    {"sum of long rows", 1, 70000, [](const Value& x, const Value&) { return x.sum(-1, true); }},
    {"layer norm", 0, 1100, [](const Value& x, const Value&) { return x.layer_norm(); }},
    {"product", kHidden, 700, [](const Value& x, const Value& w) { return x.mm(w); }},
    {"network", kHidden, 700,
     [](const Value& x, const Value& w) {
       const Value hidden = x.layer_norm().mm(w).leaky_relu(0.1);
       return hidden.mm(hidden.iota(DType::f32, {kHidden, kHidden}) * 0.01).gelu().softmax();
     }},
};

std::vector<float> random_floats(std::int64_t count) {
  std::mt19937 generator(1);
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (float& each : floats) each = static_cast<float>(generator()) / 0x1p30F - 2;
  return floats;
}

/// Returns f(x, w) for rows [first, first + rows) of x.
std::vector<float> compute(const auto& f, const RowWise& op, const std::vector<float>& x,
                           const std::vector<float>& w, std::int64_t first, std::int64_t rows) {
  const std::int64_t width = op.width == 0 ? op.columns : op.width;
  std::vector<float> y(static_cast<std::size_t>(rows * width));
  f({view(x.data() + first * op.columns, {rows, op.columns}), view(w, {op.columns, kHidden})},
    {view(y, {rows, width})});
  return y;
}

void check(const Engine& engine, const RowWise& op, std::int64_t batch) {
  const std::vector<float> x = random_floats(batch * op.columns);
  const std::vector<float> w = random_floats(op.columns * kHidden);
  const auto f = engine.function([&](const Value& a, const Value& b) { return op.of(a, b); });
  const std::vector<float> all = compute(f, op, x, w, 0, batch);
  const std::size_t width = all.size() / static_cast<std::size_t>(batch);
  for (const std::int64_t rows : {1, 2, 5}) {
    for (std::int64_t first = 0; first + rows <= batch; first += rows + batch / 8) {
      const std::vector<float> some = compute(f, op, x, w, first, rows);
      ASSERT_EQ(std::memcmp(some.data(), all.data() + static_cast<std::size_t>(first) * width,
                            some.size() * sizeof(float)),
                0)
          << op.what << ", rows from " << first << ": " << rows << " alone differ from " << batch
          << ", " << engine.target().name << ", " << engine.threads() << " thread(s)";
    }
  }
}

TEST(Batch, RowsHaveTheSameBitsAloneAndInAnyBatch) {
  for (const Target& target : fuzz::targets_here()) {
    for (const int threads : {1, 2}) {
      const Engine engine(
          EngineOptions{.target = target, .threads = threads, .parallel_nanoseconds = 1});
      for (const RowWise& op : kRowWise) {
        for (const std::int64_t batch : {2, 7, 40, 169}) {
          if (op.columns * batch <= 4'000'000) check(engine, op, batch);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sinter::test
