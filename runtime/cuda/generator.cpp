#include "cuda/generator.h"

#include <utility>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "cuda/disassemble.h"
#include "cuda/nvrtc.h"

namespace sinter::detail {
namespace {

/// PTX or machine code of a kernel, for the newest architecture of NVRTC that is not newer than the
/// target.
std::string compiled(const CudaKernel& kernel, const GpuTarget& target, bool ptx) {
  const std::shared_ptr<const Nvrtc> nvrtc = Nvrtc::load();
  const int nearest =
      choose_architecture(target.compute_capability, nvrtc->architectures(), nvrtc->description())
          .number;
  return nvrtc->compile(kernel.source, {nearest, ptx});
}

}  // namespace

CudaGenerator::CudaGenerator(const GpuTarget& target, std::string description)
    : target_(target), description_(std::move(description)) {}

Lowered CudaGenerator::schedule(const Graph& body, const KernelFrame& frame) const {
  LoopSpace space = collapse(body, frame);
  LoopNest nest = schedule_cuda(body, space, target_);
  return {std::move(nest), std::move(space)};
}

bool CudaGenerator::shows(Stage stage) const {
  return stage == Stage::cuda || stage == Stage::ptx || stage == Stage::sass;
}

std::string CudaGenerator::text(const LoopNest& nest, Stage stage,
                                const std::string& symbol) const {
  if (!shows(stage)) {
    fail(ErrorCode::unsupported,
         fmt::format(
             "the program is made for {}: it has no stage '{}', but 'cuda', 'ptx' and 'sass'",
             description_, to_string(stage)));
  }
  const CudaKernel made = emit_cuda(nest, symbol);
  if (stage == Stage::cuda) return made.source;
  if (stage == Stage::ptx) return compiled(made, target_, true);
  return disassemble(compiled(made, target_, false));
}

}  // namespace sinter::detail
