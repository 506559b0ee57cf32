// The part of Function that does not depend on F.
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/function.h>

#include <fmt/format.h>

namespace sinter::detail {

void refuse_value_count(std::span<const std::size_t> takes, std::size_t views) {
  std::string counts;
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const std::string_view separator = i == 0 ? "" : i + 1 == takes.size() ? " or " : ", ";
    counts += fmt::format("{}{}", separator, takes[i]);
  }
  const bool one = takes.size() == 1 && takes[0] == 1;
  fail(ErrorCode::invalid_argument,
       fmt::format("the function takes {} Value{}, got {} input view{}", counts, one ? "" : "s",
                   views, views == 1 ? "" : "s"));
}

std::vector<Value> declare_inputs(Graph& graph, std::span<const ConstTensorView> views) try {
  std::vector<Value> values;
  values.reserve(views.size());
  for (const ConstTensorView& view : views) {
    values.push_back(
        graph.input(fmt::format("x{}", values.size()), view.dtype, view.shape, view.strides));
  }
  return values;
} catch (...) {
  detail::rethrow_as_error();
}

void declare_outputs(Graph& graph, std::span<const Value> values,
                     std::span<const TensorView> views) try {
  for (std::size_t i = 0; i < values.size(); ++i) {
    // `run` refuses a wrong number of views and wrong shapes, with the whole signature in its
    // message.
    const bool fits = i < views.size() && views[i].strides.rank() == values[i].shape().rank();
    graph.output(fmt::format("y{}", i), values[i], fits ? views[i].strides : Strides());
  }
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter::detail
