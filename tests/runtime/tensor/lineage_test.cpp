// Gradients of tensors compared with one graph that records everything. Random programs record,
// evaluate, read, drop and differentiate tensors. A gradient equals that of the graph, or it is
// refused. It is refused only if a tensor on one of its paths was evaluated.
#include <cmath>
#include <optional>

#include <sinter/ir/gradients.h>
#include <sinter/ir/text.h>

#include "../../../runtime/tensor/lineage.h"
#include "runtime/fixtures.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

constexpr std::int64_t kLength = 2;
constexpr double kExact = 0x1p40;

struct Tally {
  int equal = 0;
  int refused = 0;      ///< gradients with a path that an evaluated tensor cuts
  int independent = 0;  ///< cases in which the graph has no gradient either
};

class Program {
 public:
  Program(std::uint64_t seed, const TraceLimits& limits, bool knows_runs)
      : random_(seed), engine_(EngineOptions{.trace = limits}), knows_runs_(knows_runs) {
    for (int i = 0; i < 2; ++i) add_data();
  }

  void run(int steps, Tally& tally) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step(tally);
  }
  [[nodiscard]] std::string text() const { return print(graph_); }

 private:
  /// A tensor, empty once it was dropped, and its value in the graph.
  struct Entry {
    std::optional<Tensor> tensor;
    Value value;
    bool computed = true;
    bool evaluated = false;  ///< true if it was or may have been evaluated
  };

  void step(Tally& tally) {
    switch (random_.between(0, 15)) {
      case 0: return add_data();
      case 1:
      case 2: return evaluate();
      case 3: return read();
      case 4:
      case 5: return let_go();
      case 6:
      case 7:
      case 8: return differentiate(tally);
      default: return add_op();
    }
  }

  void add(std::optional<Tensor> tensor, const Value& value, bool computed = true) {
    entries_.push_back({std::move(tensor), value, computed});
  }

  void add_data() {
    std::vector<double> numbers;
    for (std::int64_t i = 0; i < kLength; ++i) {
      numbers.push_back(static_cast<double>(random_.between(-2, 3)));
    }
    const std::string name = "x" + std::to_string(inputs_.size());
    add(engine_.tensor(numbers, {kLength}), graph_.input(name, DType::f64, {kLength}), false);
    inputs_.push_back(TensorData::from<double>({kLength}, numbers));
  }

  /// Picks a tensor that is still held and has kLength elements, recent ones more often.
  Entry& pick() {
    for (;;) {
      const std::size_t late = std::min<std::size_t>(entries_.size(), 6);
      Entry& entry = random_.one_in(2) ? entries_[entries_.size() - 1 - random_.below(late)]
                                       : entries_[random_.below(entries_.size())];
      if (entry.tensor.has_value() && !entry.value.shape().empty()) return entry;
      if (!entry.tensor.has_value() && random_.one_in(20)) add_data();
    }
  }

  template <typename T>
  T applied(int op, const T& a, const T& b) {
    switch (op) {
      case 0: return a.add(b);
      case 1: return a.sub(b);
      case 2: return a.mul(b);
      case 3: return a.max(b);
      case 4: return a.relu();
      case 5: return a.abs();
      case 6: return a.neg();
      case 7: return a.floor();
      case 8: return a.detach();
      case 9: return a.mul(3);
      case 10: return a.greater(0).select(b, a);
      case 11: return a.sum(0, true).mul(b);
      default: return a.reshape({kLength});
    }
  }

  void add_op() {
    const Entry a = pick();
    const Entry b = pick();
    const auto op = static_cast<int>(random_.between(0, 12));
    add(applied(op, *a.tensor, *b.tensor), applied(op, a.value, b.value));
  }

  void evaluate() {
    std::vector<Tensor> tensors;
    const std::int64_t count = random_.between(1, 2);
    for (std::int64_t i = 0; i < count; ++i) {
      Entry& entry = pick();
      tensors.push_back(*entry.tensor);
      entry.evaluated = entry.computed;
    }
    engine_.evaluate(tensors);
  }

  void read() {
    static_cast<void>(pick().tensor->to_vector<double>());
    for (Entry& entry : entries_) {
      if (entry.tensor.has_value()) entry.evaluated = entry.computed;
    }
  }

  void let_go() { pick().tensor.reset(); }

  /// For each node, whether a gradient reaches it from the loss: on a path without an evaluated
  /// tensor (`open`), and on a path through an evaluated tensor (`cut`). Both may hold.
  struct Ways {
    std::vector<bool> open;
    std::vector<bool> cut;
  };
  [[nodiscard]] Ways ways_from(NodeId loss) const {
    std::vector<bool> evaluated(loss.index + 1);
    for (const Entry& entry : entries_) {
      if (entry.evaluated) evaluated[entry.value.id().index] = true;
    }
    Ways ways{std::vector<bool>(loss.index + 1), std::vector<bool>(loss.index + 1)};
    ways.open[loss.index] = true;
    for (std::uint32_t id = loss.index + 1; id-- > 0;) {
      const auto operands = graph_.node({id}).inputs();
      for (std::size_t i = 0; i < operands.size(); ++i) {
        if (!passes_gradient(graph_, {id}, i)) continue;
        const std::uint32_t to = operands[i].index;
        if (ways.open[id] && !evaluated[id]) ways.open[to] = true;
        if (ways.cut[id] || (ways.open[id] && evaluated[id])) ways.cut[to] = true;
      }
    }
    return ways;
  }

  /// Picks a tensor that a gradient reaches, in 1 of 12 cases any tensor.
  Entry pick_on(const Ways& ways) {
    std::vector<Entry> reached;
    for (const Entry& entry : entries_) {
      const std::uint32_t id = entry.value.id().index;
      if (entry.tensor.has_value() && id < ways.open.size() && (ways.open[id] || ways.cut[id])) {
        reached.push_back(entry);
      }
    }
    return reached.empty() || random_.one_in(12) ? pick() : random_.pick(reached);
  }

  void differentiate(Tally& tally) {
    const Entry summed = pick();
    const Entry loss{summed.tensor->sum(), summed.value.sum()};
    const Ways ways = ways_from(loss.value.id());
    std::vector<Tensor> tensors;
    std::vector<Value> values;
    const std::int64_t count = random_.between(1, 3);
    for (std::int64_t i = 0; i < count; ++i) {
      const Entry entry = pick_on(ways);
      tensors.push_back(*entry.tensor);
      values.push_back(entry.value);
    }
    std::vector<Value> expected;
    try {
      expected = gradients(loss.value, values);
    } catch (const Error&) {
      EXPECT_ANY_THROW(static_cast<void>(gradients(*loss.tensor, tensors))) << text();
      ++tally.independent;
      return;
    }
    std::vector<Tensor> got;
    try {
      got = gradients(*loss.tensor, tensors);
    } catch (const Error& error) {
      expect_cut(ways, values, error.what());
      ++tally.refused;
      return;
    }
    compare(got, expected, tally);
  }

  void expect_cut(const Ways& ways, std::span<const Value> of, const std::string& words) const {
    bool explained = false;
    bool reached = true;
    for (const Value& value : of) {
      const std::uint32_t id = value.id().index;
      const bool open = id < ways.open.size() && ways.open[id];
      const bool cut = id < ways.cut.size() && ways.cut[id];
      explained = explained || cut || !open;
      reached = reached && (open || cut);
    }
    if (knows_runs_) {
      EXPECT_TRUE(explained) << "refused though no path is cut: " << words << "\n" << text();
    }
    if (reached) {
      EXPECT_NE(words.find("has been evaluated"), std::string::npos) << words << "\n" << text();
    }
  }

  void compare(std::span<const Tensor> got, std::span<const Value> expected, Tally& tally) {
    Graph with = graph_.clone();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      with.output("d" + std::to_string(i), with.value(expected[i].id()));
    }
    const std::vector<TensorData> results = interpret(with, inputs_);
    engine_.evaluate(got);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const auto want = results[i].as<double>();
      const std::vector<double> have = got[i].to_vector<double>();
      for (std::size_t e = 0; e < have.size(); ++e) {
        if (std::abs(want[e]) > kExact) return;
        ASSERT_EQ(have[e], want[e]) << "gradient " << i << ", element " << e << "\n" << text();
      }
      add(got[i], expected[i]);
      entries_.back().evaluated = true;
    }
    ++tally.equal;
  }

  Random random_;
  Engine engine_;
  Graph graph_;
  std::vector<TensorData> inputs_;
  std::vector<Entry> entries_;
  const bool knows_runs_;  ///< true if traces run only when the program asks for it
};

TEST(TensorLineage, GradientsAreThoseOfTheGraphOrAreRefusedWhereAPathWasCut) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    Program program(seed, {}, true);
    program.run(60, tally);
  }
  EXPECT_GT(tally.equal, 100);
  EXPECT_GT(tally.refused, 50);
  EXPECT_GT(tally.independent, 20);
}

TEST(TensorLineage, GradientsAreThoseOfTheGraphOrAreRefusedWhenTracesRunByThemselves) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 30 && !HasFailure(); ++seed) {
    Program program(seed, {.nodes = 10 + 2 * seed}, false);
    program.run(40, tally);
  }
  EXPECT_GT(tally.equal, 30);
  EXPECT_GT(tally.refused, 30);
}

/// A chain of runs of y = x * x. The x of each run is the y of the run before it.
class Chain {
 public:
  Chain() : last_(std::make_shared<detail::Identity>(1)) {
    const Value x = graph_.input("x", DType::f32, {2});
    graph_.output("y", x * x);
  }
  std::shared_ptr<detail::Identity> next() {
    ++run_;
    auto made = std::make_shared<detail::Identity>(run_);
    lineage.add(run_, graph_, {last_, made});
    lineage.mark_evaluated(run_);
    return last_ = made;
  }
  [[nodiscard]] bool leads(const detail::Identity& of) const {
    const detail::Identity* const tensors[] = {&of};
    return detail::Lineage::Search(lineage, tensors).leading_to(*last_).has_value();
  }

  detail::Lineage lineage;

 private:
  Graph graph_;
  std::shared_ptr<detail::Identity> last_;
  std::uint64_t run_ = 0;
};

TEST(TensorLineage, GrowsWithLiveTensorsAndNotWithRuns) {
  Chain chain;
  const auto first = chain.next();
  std::vector<std::shared_ptr<detail::Identity>> others;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5000) others.push_back(chain.next());
    static_cast<void>(chain.next());
    ASSERT_LT(chain.lineage.bytes(), 8192);
  }
  EXPECT_TRUE(chain.leads(*first)) << "the path through dropped tensors is lost";
  EXPECT_TRUE(chain.leads(*others[0]));
  EXPECT_FALSE(chain.leads(detail::Identity(1)));
}

TEST(TensorLineage, DropsManyAtOnce) {
  Chain chain;
  const auto first = chain.next();
  std::vector<std::shared_ptr<detail::Identity>> others;
  for (int i = 0; i < 50'000; ++i) others.push_back(chain.next());
  EXPECT_GT(chain.lineage.bytes(), 50'000 * sizeof(void*));
  others.clear();
  for (int i = 0; i < 100'000; ++i) static_cast<void>(chain.next());
  EXPECT_LT(chain.lineage.bytes(), 8192);
  EXPECT_TRUE(chain.leads(*first));
}

}  // namespace
}  // namespace sinter::test
