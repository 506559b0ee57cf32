// Buffers to measure on, and the data in them.
#include <sinter/bench/data.h>

#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

namespace sinter::bench {
namespace {

constexpr std::size_t kAlignment = 4096;
/// A buffer begins at one of 16 offsets in its page, multiples of 256 bytes (4 cache lines).
constexpr unsigned kShifts = 16;
constexpr std::size_t kShift = 256;

/// SplitMix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// A random number in [-3, -0.1] or [0.1, 3].
  double value() {
    const std::uint64_t random = bits();
    const double magnitude = 0.1 + 2.9 * (static_cast<double>(random >> 11) * 0x1p-53);
    return (random & 1) != 0 ? magnitude : -magnitude;
  }

 private:
  std::uint64_t state_;
};

/// Fills `memory` with elements; each is the result of one call of `make`.
template <typename T, typename Make>
void fill(std::span<std::byte> memory, Make make) {
  for (std::size_t k = 0; k + sizeof(T) <= memory.size(); k += sizeof(T)) {
    const T value = static_cast<T>(make());
    std::memcpy(&memory[k], &value, sizeof(T));
  }
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::int64_t bytes) : bytes_(bytes) {
  static std::atomic<unsigned> made{0};
  const std::size_t shift = (made++ % kShifts) * kShift;
  const std::size_t whole =
      (static_cast<std::size_t>(bytes) + shift + kAlignment) / kAlignment * kAlignment;
  memory_.reset(std::aligned_alloc(kAlignment, whole));
  if (memory_ == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(memory_.get()) + shift;
  std::memset(memory_.get(), 0, whole);
}

void AlignedBuffer::Free::operator()(void* memory) const { std::free(memory); }

void fill_uniform(std::span<std::byte> memory, DType dtype, std::uint64_t seed) {
  Random random(seed);
  switch (dtype) {
    case DType::boolean: fill<std::uint8_t>(memory, [&] { return random.bits() & 1; }); break;
    case DType::i8: fill<std::int8_t>(memory, [&] { return 100 * random.value() / 3; }); break;
    case DType::u8: fill<std::uint8_t>(memory, [&] { return random.bits() & 0xff; }); break;
    case DType::i16: fill<std::int16_t>(memory, [&] { return 10000 * random.value(); }); break;
    case DType::i32: fill<std::int32_t>(memory, [&] { return 1e8 * random.value(); }); break;
    case DType::i64: fill<std::int64_t>(memory, [&] { return 1e12 * random.value(); }); break;
    case DType::f16: fill<float16>(memory, [&] { return random.value(); }); break;
    case DType::bf16: fill<bfloat16>(memory, [&] { return random.value(); }); break;
    case DType::f32: fill<float>(memory, [&] { return random.value(); }); break;
    case DType::f64: fill<double>(memory, [&] { return random.value(); }); break;
  }
}

GraphBuffers::GraphBuffers(const Graph& graph, std::uint64_t seed) {
  const auto add = [&](NodeId id, const Strides& strides) {
    const Reach reached = reach(graph.shape(id), strides);
    const std::int64_t size = info(graph.node(id).dtype).bytes;
    memory_.emplace_back(reached.elements() * size);
    return memory_.back().data() - reached.lowest * size;
  };
  for (const GraphInput& input : graph.inputs()) {
    const DType dtype = graph.node(input.node).dtype;
    std::byte* data = add(input.node, input.strides);
    const auto bytes = static_cast<std::size_t>(memory_.back().bytes());
    fill_uniform({memory_.back().data(), bytes}, dtype, seed++);
    inputs_.push_back({data, dtype, graph.shape(input.node), input.strides});
  }
  for (const GraphOutput& output : graph.outputs()) {
    std::byte* data = add(output.node, output.strides);
    const DType dtype = graph.node(output.node).dtype;
    outputs_.push_back({data, dtype, graph.shape(output.node), output.strides});
  }
}

}  // namespace sinter::bench
