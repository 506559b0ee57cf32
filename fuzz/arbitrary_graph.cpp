// About half of all arguments are close to valid for the chosen op, so that calls succeed; the
// others are arbitrary.
#include <sinter/fuzz/arbitrary_graph.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/error.h>

#include <sinter/fuzz/random.h>

namespace sinter::fuzz {
namespace {

constexpr std::int64_t kExtremes[] = {std::numeric_limits<std::int64_t>::min(),
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::int64_t{1} << 48,
                                      -(std::int64_t{1} << 48),
                                      std::int64_t{1} << 24,
                                      std::int64_t{1} << 31};
constexpr double kNumbers[] = {0,
                               -0.0,
                               1,
                               2,
                               3,
                               -1,
                               0.5,
                               0.01,
                               127,
                               -128,
                               300,
                               1e-40,
                               1e300,
                               std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()};

class Caller {
 public:
  Caller(std::uint64_t seed, const ArbitraryGraphOptions& options)
      : random_(seed), options_(options) {}

  Graph run() && {
    while (graph_.inputs().empty()) attempt(&Caller::call_input);
    for (int i = 0; i < options_.calls; ++i) {
      if (random_.one_in(8)) attempt(&Caller::call_input);
      if (random_.one_in(4)) attempt(&Caller::call_number);
      if (random_.one_in(10)) attempt(&Caller::call_iota);
      if (random_.one_in(5)) attempt(&Caller::call_output);
      attempt(&Caller::call_apply);
    }
    while (graph_.outputs().empty()) attempt(&Caller::call_output);
    return std::move(graph_);
  }

 private:
  /// Runs `call` on a copy of the graph. Keeps the copy unless the call throws Error or records a
  /// value of more than max_elements.
  void attempt(void (Caller::*call)(Graph&)) {
    Graph trial = graph_.clone();
    const std::size_t known = trial.nodes().size();
    try {
      (this->*call)(trial);
    } catch (const Error&) {
      return;
    }
    for (std::size_t i = known; i < trial.nodes().size(); ++i) {
      if (trial.shape(trial.nodes()[i].shape).elements() > options_.max_elements) return;
    }
    graph_ = std::move(trial);
  }

  // --- Arguments ---------------------------------------------------------------------------------

  std::int64_t integer() {
    if (random_.one_in(12)) {  // next to an extreme; may wrap around the range of int64_t
      const auto extreme = static_cast<std::uint64_t>(random_.pick(kExtremes));
      return static_cast<std::int64_t>(extreme +
                                       static_cast<std::uint64_t>(random_.between(-1, 1)));
    }
    return random_.between(-3, 5);
  }
  std::int64_t length() {
    if (options_.max_elements > 100'000 && random_.one_in(3)) {
      return std::int64_t{1} << random_.between(0, 48);
    }
    return random_.one_in(10) ? integer() : random_.between(0, 5);
  }
  DType dtype() {
    if (random_.one_in(40)) return static_cast<DType>(random_.below(256));
    return random_.pick(all_dtypes()).dtype;
  }
  Op op() {
    if (random_.one_in(40)) return static_cast<Op>(random_.below(256));
    const OpInfo* row = &random_.pick(all_ops());
    // Prefers ops with list attributes, which have the most ways to be wrong.
    const bool wants_lists = random_.one_in(3);
    while (wants_lists && row->lists[0].empty()) row = &random_.pick(all_ops());
    return row->op;
  }
  template <typename List>
  List list(std::int64_t rank, std::int64_t (Caller::*entry)()) {
    List made;
    for (std::int64_t i = 0; i < rank; ++i) made.push_back((this->*entry)());
    return made;
  }
  std::int64_t rank() { return random_.one_in(30) ? random_.between(0, 8) : random_.between(0, 3); }
  NodeId node(const Graph& graph) {
    if (random_.one_in(60)) return {static_cast<std::uint32_t>(random_.next())};
    return {static_cast<std::uint32_t>(random_.below(graph.nodes().size()))};
  }

  Shape shape_near(const Shape& other) {
    if (random_.one_in(3)) return list<Shape>(rank(), &Caller::length);
    Shape made = other;
    for (int axis = 0; axis < made.rank(); ++axis) {
      if (random_.one_in(4)) made[axis] = length();
    }
    if (made.rank() > 1 && random_.one_in(3)) std::swap(made[0], made[1]);
    return made;
  }

  Attributes attributes_near(const Graph& graph, Op op, NodeId first) {
    Attributes attributes;
    const bool known = static_cast<std::size_t>(op) < all_ops().size();
    const bool has_first = first.index < graph.nodes().size();
    const Shape shape = has_first ? graph.shape(first) : Shape();
    if (!random_.one_in(8)) attributes.dtype = dtype();
    if (!random_.one_in(8)) attributes.shape = shape_near(shape);
    for (std::size_t i = 0; i < kMaxLists; ++i) {
      const bool named = known && !info(op).lists[i].empty();
      if (!named && !random_.one_in(20)) continue;
      const std::int64_t own = random_.one_in(2) ? shape.rank() : 1;
      attributes.lists[i] = list<Dims>(random_.one_in(6) ? rank() : own, &Caller::integer);
      if (shape.empty() || random_.one_in(2)) continue;
      for (int k = 0; k < attributes.lists[i].rank(); ++k) {
        attributes.lists[i][k] = random_.between(-shape.rank(), shape.rank() - 1);
      }
    }
    if (known && info(op).kind == OpKind::reduction && !random_.one_in(3)) {
      const std::int64_t from = random_.between(-2, 1);
      attributes.lists[0] = random_.one_in(2) ? Dims{from} : Dims{from, from + 1};
      attributes.lists[1] = random_.one_in(2) ? Dims{random_.between(0, 1)} : Dims{1, integer()};
    }
    if (random_.one_in(20) || (known && info(op).rule == DTypeRule::lookup)) {
      for (double& number : attributes.table.emplace()) number = random_.pick(kNumbers);
    }
    return attributes;
  }

  /// Operands, mostly of one dtype, with numbers for operands that are attributes.
  std::vector<NodeId> operands(Graph& graph, Op op) {
    const bool known = static_cast<std::size_t>(op) < all_ops().size();
    const bool any = !known || random_.one_in(20);
    const std::size_t count = any ? random_.below(5) : static_cast<std::size_t>(info(op).arity);
    std::vector<NodeId> made;
    for (std::size_t i = 0; i < count; ++i) {
      NodeId next = i > 0 && random_.one_in(3) ? made[0] : node(graph);
      const bool number = known && i < kMaxOperands && info(op).operands[i].attribute;
      if (i > 0 && made[0].index < graph.nodes().size()) {
        const DType wanted = graph.node(made[0]).dtype;
        for (int tries = 0; tries < 4; ++tries) {
          if (next.index < graph.nodes().size() && graph.node(next).dtype == wanted) break;
          next = node(graph);
        }
        if (number && !random_.one_in(6)) {
          next = graph.parameter(random_.pick(kNumbers), wanted).id();
        }
      }
      made.push_back(next);
    }
    return made;
  }

  // --- Calls -------------------------------------------------------------------------------------

  void call_input(Graph& graph) {
    const Shape shape = list<Shape>(rank(), &Caller::length);
    Strides strides;
    if (random_.one_in(3)) {
      strides = list<Strides>(random_.one_in(8) ? rank() : shape.rank(), &Caller::integer);
    }
    const Value made =
        graph.input("x" + std::to_string(graph.inputs().size()), dtype(), shape, strides);
    const std::int64_t reached = reach(shape, graph.inputs().back().strides).elements();
    if (reached > 16 * options_.max_elements) fail(ErrorCode::unsupported, "far apart");
    if (random_.one_in(6)) graph.donate(graph.value(node(graph)));
    static_cast<void>(made);
  }

  void call_number(Graph& graph) {
    const double number = random_.pick(kNumbers);
    static_cast<void>(random_.one_in(2) ? graph.parameter(number, dtype())
                                        : graph.constant(number, dtype()));
  }

  void call_iota(Graph& graph) {
    static_cast<void>(graph.iota(dtype(), list<Shape>(rank(), &Caller::length), integer()));
  }

  void call_output(Graph& graph) {
    const NodeId newest{static_cast<std::uint32_t>(graph.nodes().size()) - 1};
    const Value value = graph.value(random_.one_in(2) ? newest : node(graph));
    Strides strides;
    if (random_.one_in(4)) strides = list<Strides>(value.shape().rank(), &Caller::integer);
    graph.output("y" + std::to_string(graph.outputs().size()), value, strides);
    const std::int64_t reached = reach(value.shape(), graph.outputs().back().strides).elements();
    if (reached > 16 * options_.max_elements) fail(ErrorCode::unsupported, "far apart");
  }

  void call_apply(Graph& graph) {
    const Op chosen = op();
    const std::vector<NodeId> ids = operands(graph, chosen);
    const Attributes attributes =
        attributes_near(graph, chosen, ids.empty() ? NodeId() : ids.front());
    // The NaN bits that raw_bitcast of a float gives are unspecified.
    const bool any_bits = chosen == Op::raw_bitcast && !ids.empty() &&
                          ids[0].index < graph.nodes().size() &&
                          is_floating(graph.node(ids[0]).dtype);
    if (!any_bits) static_cast<void>(graph.apply(chosen, ids, attributes));
  }

  Random random_;
  const ArbitraryGraphOptions& options_;
  Graph graph_;
};

}  // namespace

Graph arbitrary_graph(std::uint64_t seed, const ArbitraryGraphOptions& options) {
  return Caller(seed, options).run();
}

}  // namespace sinter::fuzz
