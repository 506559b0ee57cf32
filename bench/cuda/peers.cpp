// Peers: loads the functions of peers.cu.
#include <dlfcn.h>

#include "device.h"

namespace sinter::bench {
namespace {

/// Opens the library that nvcc built, whose path the build gives.
Peers load() {
  Peers peers;
  void* library = nullptr;
#ifdef SINTER_CUDA_PEERS
  library = dlopen(SINTER_CUDA_PEERS, RTLD_NOW | RTLD_LOCAL);
#endif
  if (library == nullptr) return peers;
  const auto find = [&](const char* name, auto*& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
  };
  find("peer_copy", peers.copy);
  find("peer_transform_f32", peers.transform_f32);
  find("peer_transform_f16", peers.transform_f16);
  find("peer_transform_sum", peers.transform_sum);
  return peers;
}

}  // namespace

const Peers& peers() {
  static const Peers loaded = load();
  return loaded;
}

}  // namespace sinter::bench
