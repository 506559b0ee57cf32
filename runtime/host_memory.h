// HostMemory: memory of the host from the engine's allocator.
#pragma once

#include <functional>
#include <memory>

#include "backend.h"
#include "workspace.h"

namespace sinter::detail {

class HostMemory final : public DeviceMemory {
 public:
  /// Allocates nothing for 0 bytes. `what()` names the memory in messages.
  HostMemory(std::shared_ptr<Allocator> allocator, std::size_t bytes,
             const std::function<std::string()>& what);
  ~HostMemory() override;
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  [[nodiscard]] void* data() const override { return block_.memory; }
  [[nodiscard]] std::size_t bytes() const override { return block_.bytes; }
  [[nodiscard]] Device device() const override { return Device::cpu(); }
  void write(std::span<const std::byte> host) override;
  void read(std::span<std::byte> host) const override;
  void fill(std::span<const std::byte> element) override;

 private:
  std::shared_ptr<Allocator> allocator_;
  Block block_;
};

}  // namespace sinter::detail
