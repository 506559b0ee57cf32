// Guillotine packing with a bounded search: each call of `take` looks at a few free rectangles.
#include "plan/free_space.h"

#include <algorithm>
#include <iterator>

namespace sinter::detail {
namespace {

/// Number of free rectangles tried from each end of the list of those with enough bytes.
constexpr int kTries = 16;

}  // namespace

FreeSpace::FreeSpace(std::int64_t from, std::int64_t until, std::int64_t bytes) {
  if (from < until && bytes > 0) free_.emplace(bytes, Rectangle{from, until, 0});
}

std::optional<std::int64_t> FreeSpace::take(std::int64_t begin, std::int64_t end,
                                            std::int64_t bytes) {
  const auto found = find(begin, end, bytes);
  if (found == free_.end()) return std::nullopt;
  const auto [room, from] = *found;
  free_.erase(found);
  const std::int64_t taken = std::min(round_up_to_alignment(bytes), room);
  if (from.from < begin) free_.emplace(taken, Rectangle{from.from, begin, from.offset});
  if (end + 1 < from.until) free_.emplace(taken, Rectangle{end + 1, from.until, from.offset});
  if (taken < room)
    free_.emplace(room - taken, Rectangle{from.from, from.until, from.offset + taken});
  return from.offset;
}

/// Returns the smallest of the first kTries rectangles that fits; else the largest of the last
/// kTries that fits; else end().
FreeSpace::Free::iterator FreeSpace::find(std::int64_t begin, std::int64_t end,
                                          std::int64_t bytes) {
  const auto fits = [&](const Free::value_type& of) {
    return of.second.from <= begin && end < of.second.until;
  };
  const auto smallest = free_.lower_bound(bytes);
  auto next = smallest;
  for (int tries = 0; tries < kTries && next != free_.end(); ++tries, ++next) {
    if (fits(*next)) return next;
  }
  const auto tried = next;
  next = free_.end();
  for (int tries = 0; tries < kTries && next != tried; ++tries) {
    if (fits(*--next)) return next;
  }
  return free_.end();
}

}  // namespace sinter::detail
