// Engine: the only long-lived object. It owns the target, the JIT, the three caches, the executor.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/runtime/device_buffer.h>
#include <sinter/runtime/executable.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>

namespace sinter {

/// The CPU of this machine, as the operating system lets it be used. Throws Error(unsupported) on
/// one older than x86-64-v3, and names what is missing; and in a build without LLVM.
[[nodiscard]] SINTER_API Target host_target();
/// Whether code for `target` runs on this machine.
[[nodiscard]] SINTER_API bool runs_here(const Target& target);

namespace detail {
class EngineCore;
}

template <typename F>
class Function;

/// Compiles graphs and caches what it made. Cheap to copy: copies share everything. All methods may
/// be called from many threads.
///
/// SINTER_DUMP=graph,plan,loops,llvm,assembly,cuda,ptx in the environment writes those stages of
/// every new executable to the log.
class SINTER_API Engine {
 public:
  Engine();
  explicit Engine(EngineOptions options);

  /// The executable of `graph`: looked up, or made. One compile per key however many threads ask.
  /// Throws Error on a graph that the verifier refuses.
  [[nodiscard]] Executable compile(const Graph& graph, const CompileOptions& options = {}) const;

  /// Wraps a C++ function of Values that returns a Value or a std::vector<Value>. Each call traces
  /// it for the shapes and dtypes at hand and serves the program from the kernel cache, so captured
  /// numbers may change from call to call.
  template <typename F>
  [[nodiscard]] Function<F> function(F f, const CompileOptions& options = {}) const {
    return Function<F>(*this, std::move(f), options);
  }

  [[nodiscard]] Stats stats() const;
  /// Memory on this engine's GPU. Throws Error(unsupported) for a CPU, limit_exceeded where there
  /// is none left.
  [[nodiscard]] DeviceBuffer allocate(std::size_t bytes) const;
  [[nodiscard]] Device device() const;
  /// The CPU; this machine's where programs run on a GPU, none in a build without LLVM.
  [[nodiscard]] const Target& target() const;
  [[nodiscard]] int threads() const;
  /// Drops every cache entry; executables in use stay valid.
  void clear_caches() const;

 private:
  std::shared_ptr<detail::EngineCore> core_;
};

}  // namespace sinter

#include <sinter/runtime/function.h>  // IWYU pragma: export
