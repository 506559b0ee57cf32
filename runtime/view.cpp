// The size check behind view(range, ...).
#include <sinter/runtime/view.h>

#include <fmt/format.h>

#include "layout.h"

namespace sinter::detail {
namespace {

void check_strides(const Shape& shape, const Strides& strides) {
  if (!strides.empty() && strides.rank() != shape.rank()) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("view of shape {} with strides {}: give one stride per axis, or none",
                     to_string(shape), to_string(strides)));
  }
  for (std::int64_t stride : strides) {
    if (stride >= 0) continue;
    fail(ErrorCode::invalid_buffer,
         fmt::format("view with strides {}: a stride cannot be negative", to_string(strides)));
  }
}

}  // namespace

void check_view_size(std::int64_t available, const Shape& shape, const Strides& strides) {
  check_shape(shape, "view");
  check_strides(shape, strides);
  const std::int64_t needed =
      elements_spanned(shape, strides.empty() ? dense_strides(shape) : strides);
  if (needed <= available) return;
  const std::string layout = strides.empty() ? "" : " with strides " + to_string(strides);
  fail(ErrorCode::invalid_buffer, fmt::format("view of shape {}{} needs {} elements, the range has "
                                              "{}",
                                              to_string(shape), layout, needed, available));
}

}  // namespace sinter::detail
