#include "llvm/lowerings.h"

#include <llvm/IR/IntrinsicsX86.h>

#include "llvm/extremes.h"
#include "llvm/float16.h"
#include "llvm/integers.h"
#include "llvm/lookup.h"

namespace sinter::detail {
namespace {

void fence_all(llvm::IRBuilder<>& builder) {
  builder.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
}

/// Streaming stores of x86 are weakly ordered.
void fence_by_sfence(llvm::IRBuilder<>& builder) {
  builder.CreateIntrinsic(builder.getVoidTy(), llvm::Intrinsic::x86_sse_sfence, {});
}

/// On AArch64 the release operation that signals the end orders non-temporal stores like all
/// others.
void no_fence(llvm::IRBuilder<>&) {}

}  // namespace

Lowerings lowerings_of(const Target& target) {
  Lowerings use{.look_up = look_up_by_selecting,
                .extreme = extreme_by_intrinsic,
                .saturate = saturate_by_intrinsic,
                .extend_half = extend_half_by_integers,
                .round_to_half = round_to_half_by_integers,
                .fence = fence_all,
                .gathers = false,
                .scatters = false};
  const auto has = [&](Extensions some) { return contains(target.extensions, some); };
  // Vectors that are longer than the registers of an extension are looked up by selections.
  const auto looks_up = [&](Extensions by, int register_bytes) {
    return has(by) && target.vector_bytes <= register_bytes;
  };
  if (looks_up(Extensions::neon, 16)) use.look_up = look_up_by_neon;
  if (looks_up(Extensions::avx2, 32)) use.look_up = look_up_by_avx2;
  if (looks_up(Extensions::avx512, 64)) use.look_up = look_up_by_avx512;
  if (has(Extensions::neon)) use.fence = no_fence;
  if (has(Extensions::f16c) || has(Extensions::neon)) {
    use.extend_half = extend_half;
    use.round_to_half = round_to_half;
  }
  if (has(Extensions::avx2)) {
    use.extreme = extreme_by_avx2;
    use.saturate = saturate_by_comparing;
    use.fence = fence_by_sfence;
    use.gathers = true;
  }
  if (has(Extensions::avx512)) {
    use.extreme = extreme_by_avx512;
    use.scatters = true;
  }
  return use;
}

}  // namespace sinter::detail
