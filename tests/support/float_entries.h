// Public functions by name, each to be called in every floating-point environment.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/ir/error.h>
#include <sinter/ir/interpret.h>

#include "support/float_modes.h"

namespace sinter::test {

/// A call, and all that it gives, as bytes or text. `call` computes nothing by itself.
struct FloatEntry {
  std::string_view name;
  std::function<std::string()> call;
};

/// The bytes of what a call gives.
template <typename T>
[[nodiscard]] std::string bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
[[nodiscard]] inline std::string bytes_of(const std::vector<TensorData>& tensors) {
  std::string bytes;
  for (const TensorData& tensor : tensors) {
    bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  return bytes;
}
/// Key and parameters: all that recording decides.
[[nodiscard]] inline std::string bytes_of(const Graph& graph) {
  const auto key = graph.key().bytes;
  const auto parameters = std::as_bytes(graph.parameters());
  std::string bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return bytes.append(reinterpret_cast<const char*>(parameters.data()), parameters.size());
}

/// Whether each entry gives in all modes what it gives in the default one, and leaves the caller's
/// mode as it was, also when it throws an Error.
inline void expect_same_in_all_modes(std::span<const FloatEntry> entries) {
  const auto outcome = [](const FloatEntry& entry) {
    try {
      return entry.call();
    } catch (const Error& error) {
      return std::string("it threw: ") + error.what();
    }
  };
  for (const FloatEntry& entry : entries) {
    const std::string expected = outcome(entry);
    for (const FloatMode& mode : kFloatModes) {
      std::string got;
      bool kept = false;
      {
        const InFloatMode in(mode);
        got = outcome(entry);
        kept = in.is_kept();
      }
      EXPECT_TRUE(got == expected) << entry.name << ", " << mode.name << ": other bytes";
      EXPECT_TRUE(kept) << entry.name << ", " << mode.name << ": the caller's mode is gone";
    }
  }
}

}  // namespace sinter::test
