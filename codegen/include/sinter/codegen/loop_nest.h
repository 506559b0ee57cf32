// LoopNest: one kernel as a small tree of loops, loads, scalar ops and stores.
//
// It says what happens to one element; a loop with lanes says how many elements happen at once.
// Peel, body and tail are loops over consecutive parts of one range, so an emitter knows no special
// case. Everything that is decided is in the tree: emitters translate, statement by statement.
//
// A call covers the range [begin, end). In a nest of rank 1 that is a range of elements, and the
// loops of the body, all with lanes, cover consecutive parts of it. In a nest of higher rank it is
// a range of rows: the body has one parallel loop over it, and the loops in that one have lanes and
// cover consecutive parts of a row. What is the same for all elements stands before the loops, what
// is the same along a row stands in the parallel loop.
//
// A tiled nest covers square blocks instead of rows: its parallel loop runs over strips of blocks,
// a serial one in it over the blocks. That first brings what lies across the rows into memory of
// its own, transposed, and then goes through the rows of the block in another serial loop.
//
// A nest with reductions runs over rows of what is reduced, or over blocks of the columns behind
// it, with serial loops over chunks; loops with lanes stand anywhere in those. Between them a value
// goes through a Carry, from one iteration to the next, or through a local argument.
//
// A nest with a product runs over blocks of rows and columns of the result, with tiles in them: a
// loop with lanes over columns, and in it a serial one over what is summed, which carries a value
// for each row.
//
// A nest for a GPU has one block loop, over all elements, whatever its rank, or, where it reduces,
// over what the reduction leaves; and in it thread loops over consecutive parts. Its calls have no
// range. Rows that are reduced, or the chunks of one row, are shared among teams of threads: what
// stands in a team loop happens in one team, what stands around it in all threads of the block
// alike, and a value there is the same in each of them. Teams hear of each other through local
// arguments, with a barrier in between. Over columns, serial loops stand in the thread loop. With a
// product it runs over tiles of the result, whose elements are those of a thread loop: a serial
// loop over what is summed carries them from one part that is in local memory to the next.
//
// Three kinds of numbers, each a table in the nest, referred to by typed ids:
//   Index     int64 arithmetic over lengths, strides, loop variables and the range of the call;
//             operands before users. Not a statement: it has its value from the moment that the
//             last loop variable it depends on has one.
//   Value     one element of some dtype. Defined by exactly one statement, and
//             visible from there to the end of that block, blocks inside included. In a loop with
//             lanes, a value from outside is the same in every lane.
//   Argument  a buffer, or a local memory: the kernel's own while it runs
//
// Lengths, strides, and parameters are not in the nest: they come with the call (KernelArguments),
// so the nest's bytes are the key of its machine code.
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

struct IndexId {
  std::uint32_t index = 0;
  friend auto operator<=>(IndexId, IndexId) = default;
};

struct ValueId {
  std::uint32_t index = 0;
  friend auto operator<=>(ValueId, ValueId) = default;
};

enum class IndexOp : std::uint8_t {
  constant,      ///< immediate
  begin,         ///< first index of the range that this call covers
  end,           ///< one past its last
  extent,        ///< length `immediate` of the iteration space
  stride,        ///< stride in elements: argument immediate / rank, axis immediate % rank
  variable,      ///< of a loop; immediate is a number unique in the nest
  add,           ///< a + b
  sub,           ///< a - b
  mul,           ///< a * b
  min,           ///< the smaller of a and b
  max,           ///< the larger of a and b
  div,           ///< a / b rounded down, of a >= 0 and b > 0
  round_down,    ///< a rounded down to a multiple of immediate, a power of two
  blocks,        ///< how many blocks of immediate, a power of two, cover a
  to_alignment,  ///< elements from offset a of argument `argument` to the next address that is a
                 ///< multiple of immediate bytes; 0 when there already
  aligned,       ///< 1 when offset a of `argument` is at a multiple of immediate bytes, else 0
};

struct Index {
  IndexOp op{};
  std::uint8_t argument = 0;
  IndexId a, b;
  std::int64_t immediate = 0;
  friend bool operator==(const Index&, const Index&) = default;
};

struct Argument {
  DType dtype{};
  bool output = false;
  /// Elements of local memory: the kernel's own while it runs, on a GPU the block's. 0 for a buffer
  /// of the caller, which KernelArguments::buffers lists.
  std::uint32_t local = 0;
  friend bool operator==(const Argument&, const Argument&) = default;
};

struct ValueInfo {
  DType dtype{};
  friend bool operator==(const ValueInfo&, const ValueInfo&) = default;
};

/// How far consecutive lanes of a vector loop lie apart in an argument.
enum class LaneStride : std::uint8_t {
  uniform,     ///< every lane the same element
  contiguous,  ///< next to each other
  reversed,    ///< next to each other, the first lane last; not in thread loops
  strided,     ///< `lane_stride` elements apart
};

/// result = argument[offset (+ lane * stride)]. Outside loops with lanes always uniform.
///
/// Where the offset depends on a row and on the place in it, it is `add(row, place)`: an address of
/// the row, and a distance from there.
struct Load {
  ValueId result;
  std::uint8_t argument = 0;
  LaneStride lanes{};
  IndexId offset;       ///< of lane 0, in elements
  IndexId lane_stride;  ///< where lanes == strided
  /// Bytes: the memory so far behind is asked for too. Of contiguous lanes of a buffer, in an
  /// unmasked vector loop. What lies there may be nobody's.
  std::uint16_t prefetch = 0;
  friend bool operator==(const Load&, const Load&) = default;
};

/// argument[offset + lane * stride] = value, an output or a local argument. After every load of its
/// block: an output may be the very buffer of an input.
struct Store {
  ValueId value;
  std::uint8_t argument = 0;
  LaneStride lanes = LaneStride::contiguous;  ///< uniform outside loops with lanes, and only there
  /// Contiguous, aligned to a whole vector; around the caches, or of a GPU's the first to leave.
  bool streaming = false;
  /// Of a local argument in a masked loop: lanes that are masked are stored too, whatever they
  /// hold; there is room for them.
  bool whole = false;
  IndexId offset;
  IndexId lane_stride;  ///< where lanes == strided
  friend bool operator==(const Store&, const Store&) = default;
};

/// result = op(operands). Primitives, and the leaves `constant` (payload: f64 bits) and `parameter`
/// (payload: which one). A lut16 has the number of its table for payload.
struct Compute {
  ValueId result;
  Op op{};
  std::uint8_t operand_count = 0;
  std::array<ValueId, kMaxOperands> operands{};
  std::uint64_t payload = 0;
  [[nodiscard]] std::span<const ValueId> inputs() const { return {operands.data(), operand_count}; }
  friend bool operator==(const Compute&, const Compute&) = default;
};

/// result = from (+ lane), modulo the width of its dtype, an integer.
struct Count {
  ValueId result;
  LaneStride lanes{};  ///< uniform or contiguous
  IndexId from;        ///< for lane 0
  friend bool operator==(const Count&, const Count&) = default;
};

/// local[to + r * side + c] = argument[offset + r + c * stride] for r and c below `side`: a square
/// block of an input whose columns are contiguous becomes one whose rows are. `to` is a multiple of
/// `side`.
struct Transpose {
  std::uint8_t argument = 0;
  std::uint8_t local = 0;
  std::uint16_t side = 0;
  std::uint16_t lanes =
      1;  ///< elements in one vector: blocks of lanes * lanes are turned in registers
  IndexId offset;
  IndexId stride;
  IndexId to;
  friend bool operator==(const Transpose&, const Transpose&) = default;
};

/// result = the lanes of `value` combined into one: of 2n lanes, j with j + n for j < n, until one
/// is left. `value` is the result of a Carry, of a thread loop with the lanes of all its threads in
/// the order of their elements. Nothing else uses it.
struct Fold {
  ValueId result;
  Op op{};
  ValueId value;
  friend bool operator==(const Fold&, const Fold&) = default;
};

/// The threads of a block wait for each other: what one has stored to a local argument before, all
/// may load behind it.
struct Barrier {
  friend bool operator==(const Barrier&, const Barrier&) = default;
};

struct Loop;
using Statement = std::variant<Loop, Load, Store, Compute, Count, Transpose, Fold, Barrier>;
using Block = std::vector<Statement>;

enum class LoopKind : std::uint8_t {
  parallel,  ///< over the rows or strips [begin, end), one by one; iterations are independent
  serial,    ///< over blocks, or the rows of a block, one by one, in order; in a loop with lanes
             ///< its statements happen to the lanes of that one
  vector,    ///< lanes * unroll elements an iteration; none but serial loops inside
  block,     ///< a block of threads for each step; iterations are independent
  team,      ///< one by one, shared among the teams of a block; iterations are independent
  thread,    ///< a vector loop whose steps are shared among the threads of a block or a team
};

/// One counter of a mixed-radix loop variable.
struct Digit {
  IndexId variable;
  IndexId radix;
  friend bool operator==(const Digit&, const Digit&) = default;
};

/// A value that goes from one iteration of a loop to the next, lane by lane: `value` is `first` in
/// the first one and then the `next` of the one before; behind the loop, `result` is the last
/// `next`, or `first`. Lanes that a masked loop leaves out keep what they have. Where `first` is
/// itself the result of a loop with lanes, that had the same ones. A serial loop around thread
/// loops carries the lanes of one of those: `value` goes into it, and what comes out is `next`.
struct Carry {
  ValueId first;
  ValueId value;
  ValueId next;
  ValueId result;
  friend bool operator==(const Carry&, const Carry&) = default;
};

/// What a masked thread loop leaves out: lanes at which `place`, plus the lane where `by_lane` says
/// so, is not below `end`.
struct Limit {
  IndexId place;
  IndexId end;
  bool by_lane = false;
  friend bool operator==(const Limit&, const Limit&) = default;
};

/// for (variable = from; variable < to; variable += lanes * unroll) body
///
/// An unmasked vector loop covers whole steps: to - from is a multiple of the step, which the
/// bounds say by round_down. In a masked one lanes at and beyond `to` neither load nor store. A
/// vector loop of one lane is a plain scalar loop. `to` is never below
/// `from`.
///
/// The statements of a vector loop happen to the whole step in turn: all its loads come before its
/// first store.
///
/// In a step of a thread loop at `from`, vector k of thread t begins at `from + (k * threads + t) *
/// lanes`, and that is the variable, and what the digits count, for this vector. Threads come in no
/// order; the statements of one happen to its vectors in turn. More than one lane that is
/// contiguous is a single access, aligned to its size, and so none in a masked loop. A thread loop
/// of a team's threads outside of team loops is done by every team, and stores nothing. A serial
/// loop in one of several elements a thread is all that stands in it. A masked thread loop with
/// limits covers whole steps, and tests those instead of `to`.
struct Loop {
  LoopKind kind{};
  bool masked = false;
  /// Vectors in flight come in pairs that hold the even and the odd elements of twice as many: for
  /// 16-bit elements that are used in 32 bits, and so need no shuffle. Every load and store with
  /// lanes is contiguous and of 16 bits.
  bool interleaved = false;
  bool once = false;          ///< to - from is at most one step, so nothing repeats
  std::uint16_t lanes = 1;    ///< elements in one vector
  std::uint16_t unroll = 1;   ///< vectors in flight per iteration
  std::uint16_t threads = 1;  ///< of a block or a team; that share a step of a thread loop
  std::uint16_t ahead =
      1;                  ///< iterations whose loads may start together: of loops that carry values
  std::int64_t tile = 1;  ///< step of a block loop
  IndexId variable;
  IndexId from, to;
  /// Outermost first: the variable counts through these, the last fastest. Empty for a plain loop.
  std::vector<Digit> digits;
  /// Of a vector loop, a thread loop, or a serial loop in one of those or around thread loops.
  std::vector<Carry> carried;
  std::vector<Limit> limits = {};
  Block body;

  [[nodiscard]] std::int64_t step() const {
    if (kind == LoopKind::block) return tile;
    return kind == LoopKind::team ? 1 : std::int64_t{threads} * lanes * unroll;
  }
  /// Whether statements happen to several elements at once.
  [[nodiscard]] bool has_lanes() const {
    return kind == LoopKind::vector || kind == LoopKind::thread;
  }
  friend bool operator==(const Loop&, const Loop&) = default;
};

struct LoopNest {
  int rank = 1;                         ///< axes of the iteration space after collapsing
  std::vector<Argument> arguments;      ///< inputs, then outputs, then local ones
  std::vector<DType> parameter_dtypes;  ///< one per slot of KernelArguments::parameters
  std::vector<LookupTable> tables;
  std::vector<Index> indices;
  std::vector<ValueInfo> values;
  Block body;
  /// 32 where every index has that many bits with some to spare, lengths and strides included; of a
  /// nest for a GPU, which divides by lengths.
  int index_bits = 64;
  /// Local arguments lie in KernelArguments::scratch, because the stack of a CPU's kernel is too
  /// small for them; else on the stack, or in the shared memory of a GPU's block.
  bool locals_in_scratch = false;
  /// Of a nest for a GPU with a product: what a block computes of the result; else 0.
  std::int64_t tile_rows = 0;
  std::int64_t tile_columns = 0;

  [[nodiscard]] const Index& index(IndexId id) const { return indices[id.index]; }
  [[nodiscard]] DType dtype(ValueId id) const { return values[id.index].dtype; }
};

/// Aborts through SINTER_ASSERT with a reason unless the nest is well formed: ids in range, values
/// and variables defined once and before use, dtypes as the op table says, loops nested as the head
/// of this file says, every output stored once by every vector loop unless the nest reduces,
/// streaming stores only in unmasked ones, local arguments on the stack no larger than a kernel may
/// put there. Before that, throws Error(invalid_argument) for an enum value that does not exist; so
/// does everything that reads a nest.
SINTER_API void verify(const LoopNest& nest);

/// Bytes of KernelArguments::scratch that a call of the nest's kernel needs; calls that run at once
/// need as many each. 0 for most kernels: products, long reductions and transposed inputs of wide
/// elements have local memories that are too large for a stack. The same for all lengths that share
/// the nest.
[[nodiscard]] SINTER_API std::int64_t scratch_bytes(const LoopNest& nest);

/// The nest as text, readable and deterministic.
[[nodiscard]] SINTER_API std::string print(const LoopNest& nest);

/// Canonical bytes, the version of the kernel ABI among them: equal bytes mean the same machine
/// code for a target.
[[nodiscard]] SINTER_API std::vector<std::byte> key_bytes(const LoopNest& nest);

}  // namespace sinter
