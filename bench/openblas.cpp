// OpenBLAS chooses its kernels when it is loaded. So each core type needs its own copy of the
// library, in its own namespace of the dynamic linker. Copies are never closed.
#include "openblas.h"

#include <cstdlib>

#include <dlfcn.h>

namespace sinter::bench {
namespace {

constexpr int kRowMajor = 101;
constexpr int kNotTransposed = 111;

template <typename Function>
Function find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

std::shared_ptr<const OpenBlas> OpenBlas::open(const std::string& core, std::string& why) {
  if (!core.empty()) setenv("OPENBLAS_CORETYPE", core.c_str(), 1);
  void* library = dlmopen(LM_ID_NEWLM, "libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!core.empty()) unsetenv("OPENBLAS_CORETYPE");
  if (library == nullptr) {
    why = "no OpenBLAS (Debian: libopenblas0-serial)";
    return nullptr;
  }
  auto blas = std::make_shared<OpenBlas>();
  blas->sgemm_ = find<Sgemm>(library, "cblas_sgemm");
  const auto set_threads = find<void (*)(int)>(library, "openblas_set_num_threads");
  const auto core_name = find<char* (*)()>(library, "openblas_get_corename");
  if (blas->sgemm_ == nullptr || set_threads == nullptr || core_name == nullptr) {
    why = "this OpenBLAS lacks cblas_sgemm or its settings";
    return nullptr;
  }
  set_threads(1);
  blas->core_ = core_name();
  return blas;
}

void OpenBlas::sgemm(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b,
                     float* c) const {
  const auto rows = static_cast<int>(m);
  const auto columns = static_cast<int>(n);
  const auto depth = static_cast<int>(k);
  sgemm_(kRowMajor, kNotTransposed, kNotTransposed, rows, columns, depth, 1, a, depth, b, columns,
         0, c, columns);
}

}  // namespace sinter::bench
