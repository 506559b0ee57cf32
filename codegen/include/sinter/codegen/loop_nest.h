// LoopNest: one kernel as a small tree of loops, loads, scalar ops and stores.
//
// Statements describe one element; a loop with lanes says how many elements it computes at once.
// Peel, whole steps and tail are loops over consecutive parts of one range, so an emitter needs no
// special case. The scheduler makes all decisions; emitters translate statement by statement.
//
// Elementwise nests. A call covers the range [begin, end). In a nest of rank 1 this is a range of
// elements: the body's loops have lanes and cover consecutive parts of the range. In a nest of
// higher rank it is a range of rows: the body has one parallel loop over the rows, whose inner
// loops have lanes and cover consecutive parts of a row. Values that are the same for all elements
// are defined before the loops, values that are the same along a row in the parallel loop.
//
// Tiled nests cover square blocks instead of rows. The parallel loop runs over strips of blocks,
// and a serial loop in it over the blocks of a strip. Each block first transposes the inputs that
// are not contiguous along rows into local memory; another serial loop then covers its rows.
//
// Reductions run over the rows that they reduce, or over blocks of the columns that follow the
// reduced axes, with serial loops over chunks. Loops with lanes stand anywhere in these. A Carry
// passes a value from one iteration to the next; local arguments pass values from loop to loop.
//
// Products run over blocks of the result, which consist of tiles. A tile is a loop with lanes over
// columns, and in it a serial loop over K that carries one accumulator for each row.
//
// A nest for a GPU has one block loop with thread loops in it, and its calls have no range. The
// block loop runs over all elements whatever the rank, or over the results of a reduction.
//   - Teams of threads share the rows that are reduced, or the chunks of one row. The body of a
//     team loop runs in one team. All threads of the block execute the statements around the team
//     loop, with the same values in each of them. Teams exchange data through local arguments, with
//     a barrier in between. Reductions over columns have their serial loops in the thread loop.
//   - With a product, the block loop runs over tiles of the result, and a thread loop covers the
//     elements of a tile. A serial loop over K carries their sums; in each of its iterations local
//     memory holds the next part of both operands.
//
// Three kinds of numbers, each a table in the nest, referred to by typed ids:
//   Index     int64 arithmetic over lengths, strides, loop variables and the range of the call.
//             Operands precede users. An index is no statement: it has a value as soon as the last
//             loop variable that it depends on has one.
//   Value     one element of some dtype. Exactly one statement defines it; it is visible from there
//             to the end of the enclosing block, inner blocks included. In a loop with lanes, a
//             value from outside is the same in every lane.
//   Argument  a buffer of the caller, or local memory that belongs to the running kernel.
//
// Lengths, strides and parameters come with the call (KernelArguments) and are not in the nest,
// unless the option `Specialize` has made them constants. So the nest's bytes are the key of its
// machine code.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter {

/// Position of an entry in LoopNest::indices.
struct IndexId {
  std::uint32_t index = 0;
  friend auto operator<=>(IndexId, IndexId) = default;
};

/// Position of an entry in LoopNest::values.
struct ValueId {
  std::uint32_t index = 0;
  friend auto operator<=>(ValueId, ValueId) = default;
};

/// What an Index computes, from its operands a and b and its immediate.
enum class IndexOp : std::uint8_t {
  constant,      ///< immediate
  begin,         ///< first index of the range that this call covers
  end,           ///< one past the last index of that range
  extent,        ///< length of axis `immediate` of the iteration space
  stride,        ///< stride in elements: argument immediate / rank, axis immediate % rank
  variable,      ///< loop variable; immediate is unique in the nest
  add,           ///< a + b
  sub,           ///< a - b
  mul,           ///< a * b
  min,           ///< the smaller of a and b
  max,           ///< the larger of a and b
  div,           ///< a / b rounded down, for a >= 0 and b > 0
  round_down,    ///< a rounded down to a multiple of immediate, a power of two
  blocks,        ///< number of blocks of length immediate, a power of two, that cover a
  to_alignment,  ///< number of elements from offset a of `argument` to the next address that is a
                 ///< multiple of immediate bytes; 0 if offset a is aligned
  aligned,       ///< 1 if offset a of `argument` is at a multiple of immediate bytes, else 0
  distinct,      ///< 1 if `argument` and argument `immediate` begin at different addresses, else 0
};

/// One index expression. Fields that its op does not use are 0.
struct Index {
  IndexOp op{};
  std::uint8_t argument = 0;
  IndexId a, b;
  std::int64_t immediate = 0;
  friend bool operator==(const Index&, const Index&) = default;
};

/// A buffer of the caller, or a local memory.
struct Argument {
  DType dtype{};
  bool output = false;
  /// Number of elements of a local memory, which belongs to the running kernel, on a GPU to the
  /// block. 0 for a buffer of the caller, which KernelArguments::buffers lists.
  std::uint32_t local = 0;
  friend bool operator==(const Argument&, const Argument&) = default;
};

/// What the nest knows of a value besides the statement that defines it.
struct ValueInfo {
  DType dtype{};
  friend bool operator==(const ValueInfo&, const ValueInfo&) = default;
};

/// Distance between consecutive lanes of a loop with lanes in an argument.
enum class LaneStride : std::uint8_t {
  uniform,     ///< every lane has the same element
  contiguous,  ///< 1 element
  reversed,    ///< -1 element; not in thread loops
  strided,     ///< `lane_stride` elements
};

/// result = argument[offset (+ lane * stride)]. Always uniform outside loops with lanes.
///
/// An offset that depends on the row and on the position in the row is `add(row, position)`: the
/// offset of the row, and the distance from there.
struct Load {
  ValueId result;
  std::uint8_t argument = 0;
  LaneStride lanes{};
  IndexId offset;       ///< offset of lane 0, in elements
  IndexId lane_stride;  ///< elements between lanes; only if lanes == strided
  /// Prefetch distance in bytes: the memory this far after the loaded elements is prefetched too. 0
  /// for no prefetch. Only for contiguous lanes of a buffer in an unmasked vector loop that is not
  /// interleaved. The prefetched address may lie outside the buffer.
  std::uint16_t prefetch = 0;
  friend bool operator==(const Load&, const Load&) = default;
};

/// argument[offset + lane * stride] = value, where `argument` is an output or a local argument. All
/// loads of buffers in a block precede its stores to outputs, because an output may be the same
/// memory as an input.
struct Store {
  ValueId value;
  std::uint8_t argument = 0;
  LaneStride lanes = LaneStride::contiguous;  ///< uniform outside loops with lanes, and only there
  /// True for a store that is contiguous and aligned to a whole vector, and does not stay in the
  /// caches: non-temporal on a CPU; on a GPU its lines are evicted first.
  bool streaming = false;
  /// True for a contiguous store to a local argument that also stores the lanes that a masked loop
  /// leaves out. Their values are unspecified; the local argument has room for them.
  bool whole = false;
  IndexId offset;       ///< offset of lane 0, in elements
  IndexId lane_stride;  ///< elements between lanes; only if lanes == strided
  friend bool operator==(const Store&, const Store&) = default;
};

/// result = op(operands), where op is a primitive, or one of the leaves `constant` (payload: f64
/// bits) and `parameter` (payload: its position). The payload of a lut16 is the index of its table
/// in LoopNest::tables.
struct Compute {
  ValueId result;
  Op op{};
  std::uint8_t operand_count = 0;
  std::array<ValueId, kMaxOperands> operands{};
  std::uint64_t payload = 0;
  [[nodiscard]] std::span<const ValueId> inputs() const { return {operands.data(), operand_count}; }
  friend bool operator==(const Compute&, const Compute&) = default;
};

/// result = from (+ lane if contiguous), an integer, modulo 2^bits of its dtype.
struct Count {
  ValueId result;
  LaneStride lanes{};  ///< uniform or contiguous
  IndexId from;        ///< value of lane 0
  friend bool operator==(const Count&, const Count&) = default;
};

/// local[to + r * side + c] = argument[offset + r + c * stride] for r and c below `side`:
/// transposes a square block. Its columns are contiguous in `argument`, an input, and its rows in
/// `local`.
struct Transpose {
  std::uint8_t argument = 0;
  std::uint8_t local = 0;
  std::uint16_t side = 0;   ///< rows and columns of the block; a multiple of `lanes`
  std::uint16_t lanes = 1;  ///< blocks of lanes x lanes elements are transposed in registers
  IndexId offset;           ///< of the first element in `argument`, in elements
  IndexId stride;           ///< of the columns in `argument`, in elements
  IndexId to;               ///< offset of the block in `local`; a multiple of `side`
  friend bool operator==(const Transpose&, const Transpose&) = default;
};

/// result = the lanes a[0], a[1], ... of `value` combined into one element by halves. While more
/// than one lane is left, a step on n lanes leaves n/2: a[j] = a[j] op a[j + n/2] for j < n/2.
/// `value` is the result of a Carry, and the fold is its only use. After a thread loop the lanes
/// are those of all threads, in the order of their elements.
struct Fold {
  ValueId result;
  Op op{};
  ValueId value;
  friend bool operator==(const Fold&, const Fold&) = default;
};

/// The threads of a block wait for each other. After the barrier every thread may load what any
/// thread stored to a local argument before it.
struct Barrier {
  friend bool operator==(const Barrier&, const Barrier&) = default;
};

struct Loop;
using Statement = std::variant<Loop, Load, Store, Compute, Count, Transpose, Fold, Barrier>;
using Block = std::vector<Statement>;

enum class LoopKind : std::uint8_t {
  parallel,  ///< over the units of work [begin, end), such as rows or strips, one per iteration;
             ///< iterations are independent
  serial,    ///< one index per iteration, in order, for example over the rows of a block; inside a
             ///< loop with lanes its statements have the lanes of that loop
  vector,    ///< lanes * unroll elements per iteration; contains no loops but serial ones
  block,     ///< one block of threads per step; iterations are independent
  team,      ///< one index per iteration, shared among the teams of a block; independent
  thread,    ///< a vector loop; the threads of a block or a team share each step
};

/// One counter of a mixed-radix loop variable: 0 <= variable < radix.
struct Digit {
  IndexId variable;
  IndexId radix;
  friend bool operator==(const Digit&, const Digit&) = default;
};

/// A value that a loop passes from one iteration to the next, lane by lane. Lanes that a masked
/// loop leaves out keep their value. If `first` is the result of another loop with lanes, both
/// loops have the same threads, unroll and lanes. A serial loop around thread loops may carry
/// a value with lanes. One thread loop in it then continues the carry: its `first` is the `value`
/// of the serial loop, and its `result` is the `next` of the serial loop.
struct Carry {
  ValueId first;   ///< `value` of the first iteration
  ValueId value;   ///< in every other iteration the `next` of the iteration before
  ValueId next;    ///< defined in the loop's body
  ValueId result;  ///< after the loop: the last `next`, or `first` if there was no iteration
  friend bool operator==(const Carry&, const Carry&) = default;
};

/// A condition of a masked thread loop: it leaves out the lanes at which `place`, plus the lane
/// number if `by_lane`, is not below `end`.
struct Limit {
  IndexId place;
  IndexId end;
  bool by_lane = false;
  friend bool operator==(const Limit&, const Limit&) = default;
};

/// for (variable = from; variable < to; variable += step()) body, with from <= to
///
/// Vector loops. An unmasked one covers whole steps: `to - from` is a multiple of step(), for which
/// the scheduler rounds its bounds down. In a masked one, lanes at and beyond `to` neither load nor
/// store. A vector loop of one lane is a plain scalar loop. Each statement runs for the whole step
/// before the next statement does, so all loads of a step precede its first store.
///
/// Thread loops. In the step that begins at s, vector k of thread t begins at
/// `s + (k * threads + t) * lanes`. For this vector the variable is that number, and the digits
/// are its digits. The order of threads is unspecified; a thread runs each statement for all its
/// vectors before the next statement.
///   - A contiguous access of several lanes is a single access, aligned to its size; masked loops
///     therefore have none.
///   - A thread loop whose `threads` are those of a team may stand outside team loops. Then every
///     team runs all of it, and it stores nothing.
///   - If a thread loop with several elements per thread contains a serial loop, that is its only
///     statement.
///   - A masked thread loop with limits covers whole steps, and tests its limits instead of `to`.
struct Loop {
  LoopKind kind{};
  bool masked = false;  ///< only for loops with lanes
  /// True if vectors in flight form pairs: one holds the even and the other the odd elements of
  /// 2 * lanes consecutive ones. So 16-bit elements widen to 32 bits without a shuffle. Every load
  /// and store with lanes is then contiguous and of 16 bits.
  bool interleaved = false;
  bool once = false;          ///< to - from is at most one step
  std::uint16_t lanes = 1;    ///< elements in one vector
  std::uint16_t unroll = 1;   ///< vectors in flight per iteration
  std::uint16_t threads = 1;  ///< of a block or team; in a thread loop, those that share a step
  std::uint16_t ahead = 1;    ///< GPU: iterations whose loads may be in flight together
  std::int64_t tile = 1;      ///< step of a block loop
  IndexId variable;
  IndexId from, to;
  /// Counters of `variable`, outermost first: the last one counts fastest. May be empty.
  std::vector<Digit> digits;
  /// Only in vector loops, thread loops, and serial loops within or around those.
  std::vector<Carry> carried;
  std::vector<Limit> limits = {};  ///< only in masked thread loops
  Block body;

  /// Increment of the variable per iteration.
  [[nodiscard]] std::int64_t step() const {
    if (kind == LoopKind::block) return tile;
    return kind == LoopKind::team ? 1 : std::int64_t{threads} * lanes * unroll;
  }
  /// True if the statements compute several elements at once.
  [[nodiscard]] bool has_lanes() const {
    return kind == LoopKind::vector || kind == LoopKind::thread;
  }
  friend bool operator==(const Loop&, const Loop&) = default;
};

/// The loops of one kernel, described at the head of this file, and the tables that they refer to.
struct LoopNest {
  int rank = 1;                         ///< number of axes of the collapsed iteration space
  std::vector<Argument> arguments;      ///< inputs, then outputs, then local arguments
  std::vector<DType> parameter_dtypes;  ///< one per slot of KernelArguments::parameters
  std::vector<LookupTable> tables;
  std::vector<Index> indices;
  std::vector<ValueInfo> values;
  Block body;
  /// Width of index arithmetic in bits, 64 or 32. 32 only for a GPU, where 64-bit division is
  /// expensive, and only if all indices, lengths and strides fit with room to spare.
  int index_bits = 64;
  /// True if local arguments lie in KernelArguments::scratch, because they do not fit the stack of
  /// a CPU kernel. Else they lie on the stack, or in the shared memory of a GPU's block.
  bool locals_in_scratch = false;
  /// Rows and columns of the result that a GPU's block computes of a product; 0 for other nests.
  std::int64_t tile_rows = 0;
  std::int64_t tile_columns = 0;

  [[nodiscard]] const Index& index(IndexId id) const { return indices[id.index]; }
  [[nodiscard]] DType dtype(ValueId id) const { return values[id.index].dtype; }
};

/// Aborts through SINTER_ASSERT with a reason unless the nest is well formed:
///   - ids are in range, and values and variables are defined once and before use
///   - dtypes are as the op table says
///   - loops are nested as the head of this file says
///   - every loop with lanes stores every output once, unless the nest has a reduction or a product
///   - streaming stores are in unmasked loops only
///   - local arguments fit the stack, unless they lie in scratch
///
/// Before that it throws Error(invalid_argument) if an enum value in the nest is not an enumerator.
/// So does every other function that takes a nest, except key_bytes.
SINTER_API void verify(const LoopNest& nest);

/// Bytes of KernelArguments::scratch that one call of the nest's kernel needs; concurrent calls
/// need one such block each. 0 for most kernels. Products, long reductions and transposed inputs of
/// wide elements have local memories that are too large for the stack. The number is the same for
/// all lengths that share the nest.
[[nodiscard]] SINTER_API std::int64_t scratch_bytes(const LoopNest& nest);

/// Returns the nest as readable, deterministic text.
[[nodiscard]] SINTER_API std::string print(const LoopNest& nest);

/// Returns the canonical bytes of the nest and of kKernelAbiVersion. For one target, equal bytes
/// mean equal machine code.
[[nodiscard]] SINTER_API std::vector<std::byte> key_bytes(const LoopNest& nest);

}  // namespace sinter
