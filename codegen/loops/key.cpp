// Canonical bytes of a nest, the key of its machine code: every field of every entry, in order. The
// length of a list precedes its entries.
#include <bit>
#include <span>
#include <type_traits>
#include <vector>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/ir/rethrow.h>

namespace sinter {
namespace {

class KeyWriter {
 public:
  template <typename T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void put(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void put(IndexId id) { put(id.index); }
  void put(ValueId id) { put(id.index); }
  void put(const LookupTable& table) {
    for (double number : table) put(std::bit_cast<std::uint64_t>(number));
  }
  template <typename... Fields>
  void put_all(const Fields&... fields) {
    (put(fields), ...);
  }

  void put(const Argument& argument) { put_all(argument.dtype, argument.output, argument.local); }
  void put(const ValueInfo& value) { put(value.dtype); }
  void put(const Index& index) {
    put_all(index.op, index.argument, index.a, index.b, index.immediate);
  }
  void put(const Digit& digit) { put_all(digit.variable, digit.radix); }
  void put(const Load& load) {
    put_all(load.result, load.argument, load.lanes, load.offset, load.lane_stride, load.prefetch);
  }
  void put(const Store& store) {
    put_all(store.value, store.argument, store.lanes, store.streaming, store.whole, store.offset,
            store.lane_stride);
  }
  void put(const Compute& compute) {
    put_all(compute.result, compute.op, compute.operand_count, compute.payload);
    for (ValueId operand : compute.inputs()) put(operand);
  }
  void put(const Count& count) { put_all(count.result, count.lanes, count.from); }
  void put(const Transpose& transpose) {
    put_all(transpose.argument, transpose.local, transpose.side, transpose.lanes, transpose.offset,
            transpose.stride, transpose.to);
  }
  void put(const Fold& fold) { put_all(fold.result, fold.op, fold.value); }
  void put(const Barrier&) {}
  void put(const Limit& limit) { put_all(limit.place, limit.end, limit.by_lane); }
  void put(const Carry& carry) { put_all(carry.first, carry.value, carry.next, carry.result); }
  void put(const Loop& loop) {
    put_all(loop.kind, loop.masked, loop.interleaved, loop.once, loop.lanes, loop.unroll,
            loop.threads, loop.ahead, loop.tile, loop.variable, loop.from, loop.to);
    put_list(loop.digits);
    put_list(loop.carried);
    put_list(loop.limits);
    put_list(loop.body);
  }
  void put(const Statement& statement) {
    put(static_cast<std::uint8_t>(statement.index()));
    std::visit([this](const auto& typed) { put(typed); }, statement);
  }

  template <typename T>
  void put_list(const std::vector<T>& list) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const T& entry : list) put(entry);
  }

  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> key_bytes(const LoopNest& nest) try {
  KeyWriter key;
  key.put(kKernelAbiVersion);
  key.put(nest.rank);
  key.put_list(nest.arguments);
  key.put_list(nest.parameter_dtypes);
  key.put_list(nest.tables);
  key.put_list(nest.indices);
  key.put_list(nest.values);
  key.put_list(nest.body);
  key.put_all(nest.index_bits, nest.locals_in_scratch, nest.tile_rows, nest.tile_columns);
  return key.take();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
