#include "fake_cuda.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdlib>

namespace sinter::test {
namespace {

/// Sets an environment variable, or removes it if `value` is "". Returns its old value.
std::string exchange_variable(const char* name, const std::string& value) {
  const char* set = std::getenv(name);
  std::string before = set == nullptr ? "" : set;
  if (value.empty())
    unsetenv(name);
  else
    setenv(name, value.c_str(), 1);
  return before;
}

}  // namespace

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
  find("fake_replace_context", replace_context);
  find("fake_context_depth", context_depth);
  find("fake_allocations", allocations);
  find("fake_modules", modules);
  find("fake_primary_contexts", primary_contexts);
  find("fake_last_stream", last_stream);
  find("cuCtxPushCurrent_v2", push_context);
  find("cuCtxPopCurrent_v2", pop_context);
  reset();
  driver_ = exchange_variable("SINTER_LIBCUDA", path());
  nvrtc_ = exchange_variable("SINTER_NVRTC", path());
}

FakeCuda::~FakeCuda() {
  exchange_variable("SINTER_LIBCUDA", driver_);
  exchange_variable("SINTER_NVRTC", nvrtc_);
}

std::string FakeCuda::path() { return SINTER_FAKE_CUDA; }

}  // namespace sinter::test
