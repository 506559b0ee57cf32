// EngineCore: what the copies of an Engine share. Three caches, each keyed by what decides it:
//   kernels  structure, parameter bits, options  ->  Program   (what compile() returns)
//            structure, classes of parameters    ->  Program   (of tensors, for any parameters)
//   plans    structure, options                  ->  Planned   (all slopes share one)
//   code     canonical loops                     ->  MachineCode (lengths and slopes share)
// Values point from left to right and to Services, never back.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>

#include "cache.h"
#include "jit.h"
#include "process.h"
#include "program.h"
#include "stage_text.h"
#include "tensor_recorder.h"

namespace sinter::detail {

class EngineCore {
 public:
  explicit EngineCore(EngineOptions options);

  [[nodiscard]] std::shared_ptr<const Program> compile(const Graph& graph,
                                                       const CompileOptions& options);
  /// As `compile` with default options, for numbers that change from run to run: one entry serves
  /// all parameters of the same classes, and nothing is lowered again for others.
  [[nodiscard]] std::shared_ptr<const Program> compile_for_any_parameters(const Graph& graph);
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] const Services& services() const { return *services_; }
  [[nodiscard]] std::shared_ptr<const Services> share_services() const { return services_; }
  /// Of the tensors of this engine.
  [[nodiscard]] Recorder& recorder() { return recorder_; }
  void clear_caches();

 private:
  std::shared_ptr<const Program> make_program(const Graph& graph, const CompileOptions& options,
                                              std::size_t key_bytes);
  std::shared_ptr<const Planned> plan(const Graph& graph, const CompileOptions& options,
                                      CompileTimes& times);
  Kernel make_kernel(const PlanKernel& planned, std::span<const double> parameters,
                     const CompileOptions& options, CompileTimes& times);
  void dump(const Program& program) const;

  const Log log_;
  const std::vector<Stage> dump_stages_;
  const std::shared_ptr<const Services> services_;
  const std::shared_ptr<Jit> jit_;
  Cache<Program> kernels_;
  Cache<Planned> plans_;
  Cache<MachineCode> code_;
  Guarded<CompileTimes> times_;
  Recorder recorder_;
};

}  // namespace sinter::detail
