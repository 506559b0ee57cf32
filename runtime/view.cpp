// The size check of view(range, ...).
#include <sinter/runtime/view.h>

#include <fmt/format.h>

namespace sinter::detail {
namespace {

void check_strides(const Shape& shape, const Strides& strides) {
  if (!strides.empty() && strides.rank() != shape.rank()) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("view of shape {} with strides {}: give one stride per axis, or none",
                     to_string(shape), to_string(strides)));
  }
}

}  // namespace

void check_view_size(std::int64_t available, const Shape& shape, const Strides& strides) {
  check_shape(shape, "view");
  check_strides(shape, strides);
  const Reach reached = reach(shape, strides);
  if (reached.lowest < 0) {
    fail(ErrorCode::invalid_buffer,
         fmt::format(
             "view of shape {} with strides {} reaches before the range: for negative strides "
             "give a pointer to the element at [0, ..., 0]",
             to_string(shape), to_string(strides)));
  }
  const std::int64_t needed = reached.elements();
  if (needed <= available) return;
  const std::string layout = strides.empty() ? "" : " with strides " + to_string(strides);
  fail(ErrorCode::invalid_buffer, fmt::format("view of shape {}{} needs {} elements, the range has "
                                              "{}",
                                              to_string(shape), layout, needed, available));
}

}  // namespace sinter::detail
