// OpenBLAS's sgemm as a peer. It is looked up at run time, so that nothing is built against it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace sinter::bench {

/// One copy of the library, limited to one instruction set and one thread.
class OpenBlas {
 public:
  /// Loads a copy. `core` is OpenBLAS's name for a kernel family, such as "SkylakeX" or "Haswell";
  /// if it is empty, OpenBLAS chooses. Returns null, and the reason in `why`, if there is no
  /// OpenBLAS.
  [[nodiscard]] static std::shared_ptr<const OpenBlas> open(const std::string& core,
                                                            std::string& why);

  /// c = a b, all row-major and dense: a is m x k, b is k x n.
  void sgemm(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b,
             float* c) const;
  /// OpenBLAS's name of the kernels that it runs.
  [[nodiscard]] const std::string& core() const { return core_; }

 private:
  using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                         float alpha, const float* a, int lda, const float* b, int ldb, float beta,
                         float* c, int ldc);
  Sgemm sgemm_ = nullptr;
  std::string core_;
};

}  // namespace sinter::bench
