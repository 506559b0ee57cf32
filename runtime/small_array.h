// SmallArray: an array of fixed size, inside the object up to kInline elements, else on the heap.
// Elements are not initialised.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace sinter::detail {

template <typename T, std::size_t kInline>
  requires std::is_trivial_v<T>
class SmallArray {
 public:
  explicit SmallArray(std::size_t size) {
    if (size <= kInline) return;
    heap_ = std::make_unique_for_overwrite<T[]>(size);
    data_ = heap_.get();
  }
  SmallArray(const SmallArray&) = delete;
  SmallArray& operator=(const SmallArray&) = delete;

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }

 private:
  T inline_[kInline];
  std::unique_ptr<T[]> heap_;
  T* data_ = inline_;
};

}  // namespace sinter::detail
