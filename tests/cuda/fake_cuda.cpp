#include "fake_cuda.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdlib>

namespace sinter::test {

template <typename Function>
void FakeCuda::find(const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library_, name));
  if (function == nullptr) std::abort();
}

FakeCuda::FakeCuda() : library_(dlopen(path().c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) std::abort();
  find("fake_fail", fail);
  find("fake_reset", reset);
  find("fake_calls", calls);
  find("fake_devices", set_devices);
  find("fake_capability", set_capability);
  find("fake_refuse_machine_code", refuse_machine_code);
  find("fake_context", make_context);
  find("fake_context_depth", context_depth);
  find("fake_allocations", allocations);
  find("fake_modules", modules);
  find("fake_last_stream", last_stream);
  find("cuCtxPushCurrent_v2", push_context);
  find("cuCtxPopCurrent_v2", pop_context);
  reset();
  setenv("SINTER_LIBCUDA", path().c_str(), 1);
  setenv("SINTER_NVRTC", path().c_str(), 1);
}

FakeCuda::~FakeCuda() {
  unsetenv("SINTER_LIBCUDA");
  unsetenv("SINTER_NVRTC");
}

std::string FakeCuda::path() { return SINTER_FAKE_CUDA; }

}  // namespace sinter::test
