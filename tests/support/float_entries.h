// Calls of public functions, by name, and a check that their results do not depend on the caller's
// floating-point environment.
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

/// A named call. `call` returns the whole result as bytes or text. It does no arithmetic of its
/// own, because it runs in the environment under test.
struct FloatEntry {
  std::string_view name;
  std::function<std::string()> call;
};

/// Returns the bytes of the result of a call.
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
/// Returns key and parameters of a graph: everything that recording decides.
[[nodiscard]] inline std::string bytes_of(const Graph& graph) {
  const auto key = graph.key().bytes;
  const auto parameters = std::as_bytes(graph.parameters());
  std::string bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return bytes.append(reinterpret_cast<const char*>(parameters.data()), parameters.size());
}

/// Adds a test failure unless each entry gives the same bytes in all modes as in the default mode,
/// and leaves the caller's mode unchanged, even if it throws an Error.
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
      EXPECT_TRUE(got == expected)
          << entry.name << ", " << mode.name << ": the bytes differ from those in the default mode";
      EXPECT_TRUE(kept) << entry.name << ", " << mode.name << ": the caller's mode has changed";
    }
  }
}

}  // namespace sinter::test
