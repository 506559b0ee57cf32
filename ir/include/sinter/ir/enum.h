// Checks of enum values at the public boundary: callers may pass values that are not enumerators.
#pragma once

#include <string_view>

#include <sinter/ir/export.h>

namespace sinter::detail {

/// Throws Error(invalid_argument) with a message such as "Stage(77): a Stage is one of 0 to 7".
[[noreturn]] SINTER_API void refuse_enum(std::string_view name, int value, int last);

/// Throws Error(invalid_argument) unless `value` is an enumerator of `Enum`, which are 0 to `last`.
/// `name` is the name of the enum in the message.
template <typename Enum>
void check_enum(std::string_view name, Enum value, Enum last) {
  if (static_cast<unsigned>(value) > static_cast<unsigned>(last)) {
    refuse_enum(name, static_cast<int>(value), static_cast<int>(last));
  }
}

}  // namespace sinter::detail
