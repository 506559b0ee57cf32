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

/// What becomes a constant of the code instead of an argument. Combine with `|`.
enum class Specialize : std::uint8_t {
  none = 0,
  scalars = 1,  ///< parameters become constants, which the simplifier folds
  shape = 2,    ///< lengths and strides become constants of the loops
};
[[nodiscard]] constexpr Specialize operator|(Specialize a, Specialize b) {
  return static_cast<Specialize>(static_cast<int>(a) | static_cast<int>(b));
}
[[nodiscard]] constexpr bool contains(Specialize set, Specialize one) {
  return (static_cast<int>(set) & static_cast<int>(one)) != 0;
}

struct CompileOptions {
  Fuse fuse = Fuse::all;                     ///< which ops the plan may fuse
  Specialize specialize = Specialize::none;  ///< what becomes a constant of the code
  /// When values of f16 and bf16 are rounded; they are computed in f32 either way.
  Rounding rounding = Rounding::at_store;
};

/// Bound of one cache. The least recently used entries are evicted first. An evicted value lives
/// until its last user releases it.
struct CacheLimits {
  std::size_t entries = 4096;
};

/// Size at which a trace of tensors runs without being read.
struct TraceLimits {
  std::size_t nodes = 4096;                    ///< ops, numbers and inputs together
  std::size_t bytes = std::size_t{256} << 20;  ///< bytes of inputs that only the trace holds
};

/// Options of an Engine. Every field has an initialiser, so that designated initialisers that name
/// a few fields give no warning.
struct EngineOptions {
  /// Device that programs run on. For a GPU, kernels use neither `threads`, `executor` nor
  /// `parallel_nanoseconds`, and `target` decides only Engine::target().
  Device device = {};
  /// CPU to make code for; this machine's CPU if not given. A program for a CPU whose instructions
  /// this machine lacks compiles and can be shown as text, but running it throws
  /// Error(unsupported).
  std::optional<Target> target = {};
  /// Threads of sinter's own pool. 0 means one for each CPU that the process may use: those of its
  /// affinity mask, or fewer if the quota of its control group (container) is smaller.
  int threads = 0;
  std::shared_ptr<Executor> executor = {};  ///< used instead of sinter's own pool
  /// A kernel whose estimated time on one thread (estimate_nanoseconds) is shorter runs on the
  /// calling thread alone. Each half of it is work for one more thread. 0 means
  /// CpuModel::parallel_ns of the target. A negative number is an error. Results do not depend on
  /// this option.
  std::int64_t parallel_nanoseconds = 0;
  /// Allocates workspaces and tensors, instead of aligned operator new.
  std::shared_ptr<Allocator> allocator = {};
  /// Receives dumps and warnings, one call for each message; stderr if not given. Called from any
  /// thread that compiles. Graphs compile without a lock held, traces of tensors under the lock of
  /// the tensors (see tensor.h).
  std::function<void(std::string_view message)> log = {};
  CacheLimits kernels = {};  ///< cache of executables, one per structure, shape, dtype and slope
  CacheLimits plans = {};    ///< cache of plans, which all slopes share
  CacheLimits code = {};     ///< cache of machine code, which slopes and lengths of a class share
  TraceLimits trace = {};    ///< when recorded tensors run without being read
};

}  // namespace sinter
