// Captures calls into a CUDA graph and launches the graph, with functions of the driver only.
#pragma once

#include <dlfcn.h>

#include <functional>

#include <gtest/gtest.h>

namespace sinter::test {

class CapturingDriver {
 public:
  CapturingDriver() : library_(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD)) {}

  /// Captures `call` in a stream, and launches the captured graph once. The primary context of the
  /// first device is current meanwhile.
  void replay(const std::function<void(void* stream)>& call) const {
    constexpr unsigned kNonBlocking = 1;
    constexpr int kOfThisThread = 1;
    ASSERT_NE(library_, nullptr) << "the engine has opened no driver";
    void* context = nullptr;
    void* stream = nullptr;
    void* graph = nullptr;
    void* made = nullptr;
    ASSERT_EQ(find<int(void**, int)>("cuDevicePrimaryCtxRetain")(&context, 0), 0);
    ASSERT_EQ(find<int(void*)>("cuCtxPushCurrent_v2")(context), 0);
    ASSERT_EQ(find<int(void**, unsigned)>("cuStreamCreate")(&stream, kNonBlocking), 0);
    ASSERT_EQ(find<int(void*, int)>("cuStreamBeginCapture_v2")(stream, kOfThisThread), 0);
    call(stream);
    ASSERT_EQ(find<int(void*, void**)>("cuStreamEndCapture")(stream, &graph), 0);
    using Instantiate = int(void**, void*, unsigned long long);
    ASSERT_EQ(find<Instantiate>("cuGraphInstantiateWithFlags")(&made, graph, 0), 0);
    ASSERT_EQ(find<int(void*, void*)>("cuGraphLaunch")(made, stream), 0);
    ASSERT_EQ(find<int(void*)>("cuStreamSynchronize")(stream), 0);
    find<int(void*)>("cuGraphExecDestroy")(made);
    find<int(void*)>("cuGraphDestroy")(graph);
    find<int(void*)>("cuStreamDestroy_v2")(stream);
    find<int(void**)>("cuCtxPopCurrent_v2")(&context);
    find<int(int)>("cuDevicePrimaryCtxRelease_v2")(0);
  }

 private:
  template <typename Function>
  [[nodiscard]] Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }
  void* library_;
};

}  // namespace sinter::test
