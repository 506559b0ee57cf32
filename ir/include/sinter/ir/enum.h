// Enum values at the boundary: a public function refuses one that its enum does not list.
#pragma once

#include <string_view>

#include <sinter/ir/export.h>

namespace sinter::detail {

/// Throws Error(invalid_argument): "Stage(77): a Stage is one of 0 to 7".
[[noreturn]] SINTER_API void refuse_enum(std::string_view name, int value, int last);

/// Throws Error(invalid_argument) unless `value` is one of 0 to `last`, the enumerators of `Enum`.
template <typename Enum>
void check_enum(std::string_view name, Enum value, Enum last) {
  if (static_cast<unsigned>(value) > static_cast<unsigned>(last)) {
    refuse_enum(name, static_cast<int>(value), static_cast<int>(last));
  }
}

}  // namespace sinter::detail
