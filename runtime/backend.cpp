// What backends have in common.
#include "backend.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <sinter/ir/error.h>

namespace sinter::detail {

/// Each memcpy doubles the filled part.
void repeat(std::span<const std::byte> element, std::span<std::byte> to) {
  if (to.empty()) return;
  std::memcpy(to.data(), element.data(), element.size());
  for (std::size_t done = element.size(); done < to.size(); done *= 2) {
    std::memcpy(&to[done], to.data(), std::min(done, to.size() - done));
  }
}

void DeviceMemory::fill(std::span<const std::byte> element) {
  std::vector<std::byte> host(bytes());
  repeat(element, host);
  write(host);
}

std::unique_ptr<DeviceMemory> Backend::allocate_on_device(std::size_t) const {
  fail(ErrorCode::unsupported,
       "Engine::allocate is for memory of a GPU, and this engine's programs run on a CPU");
}

}  // namespace sinter::detail
