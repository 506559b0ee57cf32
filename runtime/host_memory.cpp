#include "host_memory.h"

#include <cstring>
#include <utility>

namespace sinter::detail {

HostMemory::HostMemory(std::shared_ptr<Allocator> allocator, std::size_t bytes,
                       const std::function<std::string()>& what)
    : allocator_(std::move(allocator)) {
  if (bytes > 0) block_ = allocate_block(*allocator_, bytes, what);
}

HostMemory::~HostMemory() {
  if (block_.memory != nullptr) allocator_->release(block_.memory, block_.bytes);
}

void HostMemory::write(std::span<const std::byte> host) {
  if (!host.empty()) std::memcpy(block_.memory, host.data(), host.size());
}

void HostMemory::read(std::span<std::byte> host) const {
  if (!host.empty()) std::memcpy(host.data(), block_.memory, host.size());
}

void HostMemory::fill(std::span<const std::byte> element) {
  repeat(element, {block_.memory, block_.bytes});
}

}  // namespace sinter::detail
