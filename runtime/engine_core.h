// EngineCore: the state that all copies of an Engine share. It has three caches:
//   cache    key                                      value
//   kernels  structure, options, parameter bits       Program, which compile() returns
//            structure, options, parameter classes    Program of a trace of tensors
//   plans    structure, options                       Planned, for all values of parameters
//   code     canonical bytes of a LoopNest            MachineCode, for all lengths and, within a
//                                                     class, all values of parameters
// Specialize adds the values of parameters to the key of plans, and lengths or values to that of
// code.
// A Program owns its Planned, MachineCode and Services; none of them refers back.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <sinter/runtime/engine.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>

#include "backends.h"
#include "cache/cache.h"
#include "process.h"
#include "program.h"
#include "stage_text.h"
#include "tensor/recorder.h"

namespace sinter::detail {

class EngineCore {
 public:
  /// Opens the device that `options` name, and returns it.
  using OpenBackend = std::shared_ptr<const Backend>(const EngineOptions& options,
                                                     std::shared_ptr<Allocator> allocator);
  explicit EngineCore(EngineOptions options, OpenBackend& open = open_backend);

  [[nodiscard]] std::shared_ptr<const Program> compile(const Graph& graph,
                                                       const CompileOptions& options);
  /// As `compile`, for traces of tensors (each_op rounding), whose numbers change from run to run.
  /// One cache entry serves all parameters of the same classes; a hit with other numbers lowers
  /// nothing.
  [[nodiscard]] std::shared_ptr<const Program> compile_for_any_parameters(const Graph& graph);
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] const Services& services() const { return *services_; }
  [[nodiscard]] std::shared_ptr<const Services> share_services() const { return services_; }
  /// The recorder of this engine's tensors.
  [[nodiscard]] Recorder& recorder() { return recorder_; }
  void clear_caches();

 private:
  std::shared_ptr<const Program> make_program(const Graph& graph, const CompileOptions& options,
                                              std::size_t key_bytes);
  std::shared_ptr<const Planned> planned(const Graph& graph, const CompileOptions& options,
                                         const std::function<Plan()>& make);
  Kernel make_kernel(Lowered lowered, std::span<const double> parameters, CompileTimes& times);
  void dump(const Program& program) const;

  const Log log_;
  const std::vector<Stage> dump_stages_;
  const std::shared_ptr<const Services> services_;
  Cache<Program> kernels_;
  Cache<Planned> plans_;
  Cache<MachineCode> code_;
  Guarded<CompileTimes> times_;
  Recorder recorder_;
};

struct EngineAccess {
  [[nodiscard]] static Engine make(std::shared_ptr<EngineCore> core) {
    return Engine(std::move(core));
  }
};

}  // namespace sinter::detail
