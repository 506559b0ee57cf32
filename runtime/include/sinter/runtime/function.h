// Function: a C++ function of Values, traced per call and served from the kernel cache.
//
// F is a callable of 1 to 8 Values (possibly a generic lambda), or of std::span<const Value> for
// any number of them. It returns a Value, or several as a std::vector, std::array, std::pair or
// std::tuple. Each input view of a call gives one Value.
#pragma once

#include <initializer_list>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/engine.h>
#include <sinter/runtime/view.h>

namespace sinter {
namespace detail {

inline constexpr std::size_t kMaxFunctionValues = 8;

template <typename F, typename Numbers>
inline constexpr bool kTakesNumbered = false;
template <typename F, std::size_t... I>
inline constexpr bool kTakesNumbered<F, std::index_sequence<I...>> =
    std::is_invocable_v<const F&, decltype(static_cast<void>(I), std::declval<const Value&>())...>;
/// True if F can be called with N Values.
template <typename F, std::size_t N>
inline constexpr bool kTakes = kTakesNumbered<F, std::make_index_sequence<N>>;

/// All N such that F can be called with N Values; empty if F takes a span.
template <typename F>
[[nodiscard]] std::vector<std::size_t> taken_counts() {
  std::vector<std::size_t> counts;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (static_cast<void>(kTakes<F, I + 1> ? counts.push_back(I + 1) : void()), ...);
  }(std::make_index_sequence<kMaxFunctionValues>());
  return counts;
}

template <typename F>
inline constexpr bool kTakesValues = []<std::size_t... I>(std::index_sequence<I...>) {
  return (kTakes<F, I + 1> || ...);
}(std::make_index_sequence<kMaxFunctionValues>());

/// Throws Error(invalid_argument): "the function takes 2 Values, got 3 input views".
[[noreturn]] SINTER_API void refuse_value_count(std::span<const std::size_t> takes,
                                                std::size_t views);
/// Declares inputs x0, x1, ... of the views' dtypes, shapes and strides.
[[nodiscard]] SINTER_API std::vector<Value> declare_inputs(Graph& graph,
                                                           std::span<const ConstTensorView> views);
/// Declares outputs y0, y1, ... Output i has the strides of view i if they have the output's
/// rank, else it is dense.
SINTER_API void declare_outputs(Graph& graph, std::span<const Value> values,
                                std::span<const TensorView> views);

inline std::vector<Value> as_list(Value value) { return {std::move(value)}; }
template <std::ranges::contiguous_range Values>
std::vector<Value> as_list(const Values& values) {
  return {std::ranges::begin(values), std::ranges::end(values)};
}
template <typename Tuple>
  requires requires { std::tuple_size<Tuple>::value; } &&
           (!std::ranges::contiguous_range<const Tuple>)
std::vector<Value> as_list(const Tuple& values) {
  return std::apply([](const auto&... each) { return std::vector<Value>{each...}; }, values);
}

template <std::size_t N, typename F>
std::vector<Value> call_with(const F& f, std::span<const Value> values) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return as_list(f(values[I]...));
  }(std::make_index_sequence<N>());
}

/// Calls f with all of `values`, as separate arguments or as a span. Throws Error(invalid_argument)
/// if f does not take that many.
template <std::size_t N = 1, typename F>
std::vector<Value> trace(const F& f, std::span<const Value> values) {
  if constexpr (!kTakesValues<F>) {
    return as_list(f(values));
  } else if constexpr (N > kMaxFunctionValues) {
    refuse_value_count(taken_counts<F>(), values.size());
  } else {
    if constexpr (kTakes<F, N>) {
      if (values.size() == N) return call_with<N>(f, values);
    }
    return trace<N + 1>(f, values);
  }
}

}  // namespace detail

/// A C++ function of Values that is compiled for the shapes it is called with. Made by
/// Engine::function. May be called from many threads if F may.
template <typename F>
class Function {
  static_assert(detail::kTakesValues<F> || std::is_invocable_v<const F&, std::span<const Value>>,
                "a function of 1 to 8 Values, or of std::span<const Value>, callable when const");

 public:
  Function(Engine engine, F f, const CompileOptions& options)
      : engine_(std::move(engine)), f_(std::move(f)), options_(options) {}

  /// Traces F, compiles the graph unless it is cached, and runs it. Throws what Engine::compile and
  /// Executable::run throw, and Error(invalid_argument) for a number of inputs that F does not
  /// take.
  void operator()(std::initializer_list<ConstTensorView> inputs,
                  std::initializer_list<TensorView> outputs) const {
    (*this)(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()));
  }
  void operator()(std::span<const ConstTensorView> inputs,
                  std::span<const TensorView> outputs) const {
    compile(inputs, outputs).run(inputs, outputs);
  }

  /// The program that a call with these views runs. Outputs without a view are dense. Only dtypes,
  /// shapes and strides of the views are used.
  [[nodiscard]] Executable compile(std::initializer_list<ConstTensorView> inputs) const {
    return compile(std::span(inputs.begin(), inputs.size()));
  }
  [[nodiscard]] Executable compile(std::span<const ConstTensorView> inputs,
                                   std::span<const TensorView> outputs = {}) const try {
    Graph graph;
    const std::vector<Value> values = detail::declare_inputs(graph, inputs);
    detail::declare_outputs(graph, detail::trace(f_, std::span<const Value>(values)), outputs);
    return engine_.compile(graph, options_);
  } catch (...) {
    detail::rethrow_as_error();
  }

 private:
  Engine engine_;
  F f_;
  CompileOptions options_;
};

}  // namespace sinter
