// Options of an Engine and of one compile. Every field has a default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <sinter/codegen/target.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/device.h>
#include <sinter/runtime/executor.h>

namespace sinter {

/// What is baked into the code instead of being passed to it. Combine with `|`.
enum class Specialize : std::uint8_t {
  none = 0,
  scalars = 1,  ///< parameters become constants, which the simplifier then folds
  shape = 2,    ///< lengths and strides become constants of the loops
};
[[nodiscard]] constexpr Specialize operator|(Specialize a, Specialize b) {
  return static_cast<Specialize>(static_cast<int>(a) | static_cast<int>(b));
}
[[nodiscard]] constexpr bool contains(Specialize set, Specialize one) {
  return (static_cast<int>(set) & static_cast<int>(one)) != 0;
}

struct CompileOptions {
  Fuse fuse = Fuse::all;
  Specialize specialize = Specialize::none;
  /// When results on f16 and bf16 tensors are rounded; computing is in f32 either way.
  Rounding rounding = Rounding::at_store;
};

/// Bounds of one cache level. The least recently used entries go first; what is in use stays alive
/// until its last user lets go.
struct CacheLimits {
  std::size_t entries = 4096;
};

/// How large a trace of tensors grows before it runs without being read.
struct TraceLimits {
  std::size_t nodes = 4096;                    ///< ops, numbers and inputs
  std::size_t bytes = std::size_t{256} << 20;  ///< of inputs that no tensor holds any more
};

/// Every field has an initialiser, so that naming a few of them draws no warning.
struct EngineOptions {
  /// Where programs run. For a GPU, what is said below about CPUs and threads has no effect.
  Device device = {};
  /// The CPU to make code for; the machine's own unless given. Code for a CPU that this machine is
  /// not is compiled and shown, but refuses to run.
  std::optional<Target> target = {};
  int threads = 0;                          ///< of the own pool; 0 for one per hardware thread
  std::shared_ptr<Executor> executor = {};  ///< instead of the own pool
  /// A kernel that reads and writes fewer bytes than this per call runs on the calling thread
  /// alone; 0 for the size at which threads were measured to pay, below 0 is refused. Results do
  /// not depend on it.
  std::int64_t parallel_bytes = 0;
  std::shared_ptr<Allocator> allocator = {};  ///< instead of aligned operator new
  /// Receives dumps and warnings, one call a message; stderr unless given. Called under no lock,
  /// from any thread that compiles.
  std::function<void(std::string_view message)> log = {};
  CacheLimits kernels = {};  ///< executables: one per shape, dtype and slope
  CacheLimits plans = {};
  CacheLimits code = {};
  TraceLimits trace = {};
};

}  // namespace sinter
