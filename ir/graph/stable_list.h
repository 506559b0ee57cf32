// StableList: a list whose elements never move, so that references to them outlive its growth.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sinter::detail {

template <typename T>
class StableList {
 public:
  StableList() = default;
  StableList(StableList&&) noexcept = default;
  StableList(const StableList& other) {
    make_room(other.size_);
    for (std::size_t i = 0; i < other.size_; ++i) push_back(other[i]);
  }
  StableList& operator=(StableList other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const T& operator[](std::size_t i) const {
    return (*chunks_[i / kChunk])[i % kChunk];
  }
  [[nodiscard]] T& operator[](std::size_t i) { return (*chunks_[i / kChunk])[i % kChunk]; }
  /// Reserves memory, so that the next `more` calls of push_back do not allocate.
  void make_room(std::size_t more) {
    while (chunks_.size() * kChunk < size_ + more) {
      chunks_.push_back(std::make_unique<std::array<T, kChunk>>());
    }
  }
  void push_back(const T& element) {
    make_room(1);
    (*chunks_[size_ / kChunk])[size_ % kChunk] = element;
    ++size_;
  }

 private:
  static constexpr std::size_t kChunk = 16;
  std::vector<std::unique_ptr<std::array<T, kChunk>>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace sinter::detail
