// One anonymous mapping: guard page, data pages, guard page.
#include <sinter/fuzz/guarded_buffer.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace sinter::fuzz {
namespace {
constexpr std::byte kPattern{0xa5};
}

GuardedBuffer::GuardedBuffer(std::size_t bytes, Guard guard, std::size_t offset) : bytes_(bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  page_bytes_ = std::max<std::size_t>(1, (bytes + offset + page - 1) / page) * page;
  mapping_bytes_ = page_bytes_ + 2 * page;
  void* mapping = mmap(nullptr, mapping_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) std::abort();
  mapping_ = static_cast<std::byte*>(mapping);
  pages_ = mapping_ + page;
  if (mprotect(pages_, page_bytes_, PROT_READ | PROT_WRITE) != 0) std::abort();
  std::fill_n(pages_, page_bytes_, kPattern);
  data_ = guard == Guard::before ? pages_ + offset : pages_ + page_bytes_ - bytes - offset;
}

GuardedBuffer::~GuardedBuffer() { munmap(mapping_, mapping_bytes_); }

void GuardedBuffer::fill(std::span<const std::byte> bytes) const {
  std::copy_n(bytes.begin(), std::min(bytes.size(), bytes_), data_);
}

void GuardedBuffer::make_read_only() const {
  if (mprotect(pages_, page_bytes_, PROT_READ) != 0) std::abort();
}

bool GuardedBuffer::intact() const {
  const auto untouched = [](std::byte value) { return value == kPattern; };
  return std::all_of(pages_, data_, untouched) &&
         std::all_of(data_ + bytes_, pages_ + page_bytes_, untouched);
}

}  // namespace sinter::fuzz
