// The verifier of nests: checks in one walk what emitters and the interpreter rely on.
#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/rethrow.h>

#include "loops/enums.h"
#include "loops/index_table.h"
#include "loops/local_memory.h"

namespace sinter {
namespace {

bool is_numeric(DType dtype) { return dtype != DType::boolean; }

/// A set of loop variables: bit k for the k-th variable in LoopNest::indices.
constexpr std::size_t kMaxVariables = 512;
using Variables = std::bitset<kMaxVariables>;

class Verifier {
 public:
  explicit Verifier(const LoopNest& nest) : nest_(nest), states_(nest.values.size()) {}
  void run();

 private:
  enum class State : std::uint8_t { undefined, visible, out_of_scope };

  // Tables.
  void check_arguments() const;
  void check_index(const Index& index, std::size_t position);
  void check_indices();

  // Uses and definitions.
  void use(IndexId id) const;
  void use(ValueId id) const;
  void define(ValueId id);
  void define_variable(IndexId id);

  // Statements.
  void check(const Block& block);
  void check(const Loop& loop);
  void check_rows(const Loop& loop) const;
  void check_serial(const Loop& loop) const;
  void check_vectors(const Loop& loop) const;
  void check_lanes(const Loop& loop) const;
  void check_blocks(const Loop& loop) const;
  void check_teams(const Loop& loop) const;
  void check_threads(const Loop& loop) const;
  void check_digits(const Loop& loop);
  void check_stores(const Block& body) const;
  void check(const Load& load);
  void check(const Store& store);
  void check(const Compute& compute);
  void check(const Count& count);
  void check(const Transpose& transpose);
  void check(const Fold& fold);
  void check(const Barrier& barrier) const;
  void check_limits(const Loop& loop) const;
  void check_carried(const Loop& loop);
  [[nodiscard]] const Loop& lanes_of(const Loop& loop, const Carry& carry) const;
  void take_lanes(ValueId id, const Loop* by);
  /// Returns the enclosing loop with lanes, or null.
  [[nodiscard]] const Loop* lane_loop() const {
    const auto found = std::ranges::find_if(loops_, &Loop::has_lanes);
    return found == loops_.end() ? nullptr : *found;
  }
  [[nodiscard]] bool in_lanes() const { return lane_loop() != nullptr; }
  /// Returns the outermost enclosing loop of this kind, or null.
  [[nodiscard]] const Loop* around(LoopKind kind) const {
    const auto found = std::ranges::find(loops_, kind, &Loop::kind);
    return found == loops_.end() ? nullptr : *found;
  }

  const LoopNest& nest_;
  std::vector<Variables> depends_;  // [index] variables that it depends on
  Variables known_;                 // variables of the enclosing loops
  Variables used_;                  // variables that belong to a loop
  std::vector<State> states_;       // [value]
  std::vector<ValueId> defined_;    // visible values, innermost scope last
  std::vector<const Loop*> loops_;  // enclosing loops, outermost first
  bool stored_ = false;             // true if this block has stored to an output
  bool reduces_ = false;            // true for a nest with a reduction or product: see reduces()
  /// A carried value that has the lanes of `loop`. The entry lasts until a fold or another loop
  /// takes the lanes over.
  struct Lanes {
    ValueId value;
    const Loop* loop;
  };
  std::vector<Lanes> carried_;
};

// --- Tables --------------------------------------------------------------------------------------

void Verifier::check_arguments() const {
  SINTER_ASSERT(nest_.rank >= 1, "a nest has at least one axis");
  SINTER_ASSERT(nest_.index_bits == 32 || nest_.index_bits == 64, "indices are of 32 or 64 bits");
  SINTER_ASSERT(nest_.arguments.size() <= 256, "a nest has at most 256 arguments");
  const auto rank = [](const Argument& argument) {
    return argument.local > 0 ? 2 : argument.output ? 1 : 0;
  };
  SINTER_ASSERT(std::ranges::is_sorted(nest_.arguments, {}, rank),
                "inputs come before outputs, and local arguments last");
  SINTER_ASSERT(std::ranges::none_of(
                    nest_.arguments,
                    [](const Argument& argument) { return argument.local > 0 && argument.output; }),
                "a local argument is no output");
  const bool on_gpu = std::ranges::any_of(nest_.body, [](const Statement& statement) {
    const Loop* loop = std::get_if<Loop>(&statement);
    return loop != nullptr && loop->kind == LoopKind::block;
  });
  SINTER_ASSERT(!on_gpu || !nest_.locals_in_scratch, "a nest for a GPU has no scratch");
  SINTER_ASSERT(on_gpu || nest_.locals_in_scratch || detail::locals_fit_stack(nest_),
                "local arguments outside scratch fit the stack");
  SINTER_ASSERT(std::ranges::all_of(
                    nest_.parameter_dtypes,
                    [](DType dtype) { return is_numeric(dtype) && !is_storage_float(dtype); }),
                "parameters have numeric compute dtypes");
}

void Verifier::check_index(const Index& index, std::size_t position) {
  const auto rank = static_cast<std::int64_t>(nest_.rank);
  const auto arguments = static_cast<std::int64_t>(nest_.arguments.size());
  const auto within = [&index](std::int64_t count) {
    return index.immediate >= 0 && index.immediate < count;
  };
  const int operands = detail::operand_count(index.op);
  SINTER_ASSERT(operands < 1 || index.a.index < position, "operands of an index come before it");
  SINTER_ASSERT(operands < 2 || index.b.index < position, "operands of an index come before it");
  const bool address = index.op == IndexOp::to_alignment || index.op == IndexOp::aligned;
  const bool compares = index.op == IndexOp::distinct;
  SINTER_ASSERT((!address && !compares) || index.argument < nest_.arguments.size(),
                "an index names an argument");
  SINTER_ASSERT(!compares || within(arguments), "an index names an argument");
  SINTER_ASSERT(
      (!address && index.op != IndexOp::round_down && index.op != IndexOp::blocks) ||
          (index.immediate > 0 && std::has_single_bit(static_cast<std::uint64_t>(index.immediate))),
      "alignments and multiples are powers of two");
  SINTER_ASSERT(index.op != IndexOp::extent || within(rank), "an extent names an axis");
  SINTER_ASSERT(index.op != IndexOp::stride || within(arguments * rank),
                "a stride names an argument and an axis");
}

void Verifier::check_indices() {
  std::size_t variables = 0;
  for (std::size_t i = 0; i < nest_.indices.size(); ++i) {
    const Index& index = nest_.indices[i];
    check_index(index, i);
    const int operands = detail::operand_count(index.op);
    Variables depends;
    if (operands > 0) depends |= depends_[index.a.index];
    if (operands > 1) depends |= depends_[index.b.index];
    if (index.op == IndexOp::variable) {
      SINTER_ASSERT(variables < kMaxVariables, "a nest has at most 512 loop variables");
      depends.set(variables++);
    }
    depends_.push_back(depends);
  }
}

// --- Uses and definitions ------------------------------------------------------------------------

void Verifier::use(IndexId id) const {
  SINTER_ASSERT(id.index < nest_.indices.size(), "a statement names an index of the table");
  SINTER_ASSERT((depends_[id.index] & ~known_).none(),
                "an index is used inside the loops of its variables");
}

void Verifier::use(ValueId id) const {
  SINTER_ASSERT(id.index < states_.size(), "a statement names a value of the table");
  SINTER_ASSERT(states_[id.index] != State::undefined, "a value is defined before its use");
  SINTER_ASSERT(states_[id.index] == State::visible, "a value is used inside its scope");
}

void Verifier::define(ValueId id) {
  SINTER_ASSERT(id.index < states_.size(), "a statement names a value of the table");
  SINTER_ASSERT(states_[id.index] == State::undefined, "a value is defined once");
  states_[id.index] = State::visible;
  defined_.push_back(id);
}

void Verifier::define_variable(IndexId id) {
  SINTER_ASSERT(id.index < nest_.indices.size(), "a statement names an index of the table");
  SINTER_ASSERT(nest_.index(id).op == IndexOp::variable, "a loop counts in a variable");
  SINTER_ASSERT((depends_[id.index] & used_).none(), "a variable belongs to one loop");
  known_ |= depends_[id.index];
  used_ |= depends_[id.index];
}

// --- Loops ---------------------------------------------------------------------------------------

void Verifier::check(const Block& block) {
  const std::size_t outside = defined_.size();
  const bool stored = std::exchange(stored_, false);
  for (const Statement& statement : block) {
    std::visit([this](const auto& typed) { check(typed); }, statement);
  }
  stored_ = stored || stored_;
  for (; defined_.size() > outside; defined_.pop_back()) {
    states_[defined_.back().index] = State::out_of_scope;
  }
}

void Verifier::check(const Loop& loop) {
  use(loop.from);
  use(loop.to);
  const Variables known = known_;
  define_variable(loop.variable);
  switch (loop.kind) {
    case LoopKind::parallel: check_rows(loop); break;
    case LoopKind::serial: check_serial(loop); break;
    case LoopKind::vector: check_vectors(loop); break;
    case LoopKind::block: check_blocks(loop); break;
    case LoopKind::team: check_teams(loop); break;
    case LoopKind::thread: check_threads(loop); break;
  }
  check_digits(loop);
  check_limits(loop);
  for (const Carry& carry : loop.carried) {
    use(carry.first);
    const Loop& lanes = lanes_of(loop, carry);
    take_lanes(carry.first, &lanes);
    define(carry.value);
    if (&lanes != &loop) carried_.push_back({carry.value, &lanes});
  }
  loops_.push_back(&loop);
  check(loop.body);
  for (const Carry& carry : loop.carried) {
    SINTER_ASSERT(states_[carry.value.index] == State::visible,
                  "a carried value is visible in its loop");
    states_[carry.value.index] = State::out_of_scope;
  }
  loops_.pop_back();
  known_ = known;
  check_carried(loop);
}

void Verifier::check_limits(const Loop& loop) const {
  SINTER_ASSERT(loop.limits.empty() || (loop.kind == LoopKind::thread && loop.masked),
                "limits are those of masked thread loops");
  for (const Limit& limit : loop.limits) {
    use(limit.place);
    use(limit.end);
  }
}

/// Returns the loop whose lanes are carried: `loop` itself, or, for a serial loop outside loops
/// with lanes, the thread loop in it that continues the carry.
const Loop& Verifier::lanes_of(const Loop& loop, const Carry& carry) const {
  if (loop.kind != LoopKind::serial || in_lanes()) return loop;
  for (const Statement& statement : loop.body) {
    const Loop* inner = std::get_if<Loop>(&statement);
    if (inner == nullptr || inner->kind != LoopKind::thread) continue;
    for (const Carry& one : inner->carried) {
      if (one.first == carry.value && one.result == carry.next) return *inner;
    }
  }
  SINTER_ASSERT(false, "a thread loop continues what the serial loop around it carries");
}

/// Drops the entry of `id` in carried_, if it has one: the loop `by`, or a fold if `by` is null,
/// takes over the lanes. So an emitter may update them in place.
void Verifier::take_lanes(ValueId id, const Loop* by) {
  const auto found = std::ranges::find(carried_, id, &Lanes::value);
  if (found == carried_.end()) return;
  const auto form = [](const Loop& loop) {
    return std::array{loop.threads, loop.unroll, loop.lanes};
  };
  SINTER_ASSERT(by == nullptr || form(*found->loop) == form(*by),
                "a loop that continues carried lanes has the same lanes");
  carried_.erase(found);
}

void Verifier::check_carried(const Loop& loop) {
  const bool serial = loop.kind == LoopKind::serial && in_lanes();
  const bool lanes = loop.kind == LoopKind::thread || loop.kind == LoopKind::vector;
  SINTER_ASSERT(loop.carried.empty() || lanes || loop.kind == LoopKind::serial,
                "values are carried by loops with lanes, or serial ones");
  for (const Carry& carry : loop.carried) {
    const bool known = carry.next.index < states_.size();
    SINTER_ASSERT(known && states_[carry.next.index] != State::undefined,
                  "the next value of a carry is defined in the loop");
    const DType dtype = nest_.dtype(carry.value);
    SINTER_ASSERT(nest_.dtype(carry.first) == dtype && nest_.dtype(carry.next) == dtype &&
                      nest_.dtype(carry.result) == dtype,
                  "a value keeps its dtype from one iteration to the next");
    define(carry.result);
    const Loop& of = lanes_of(loop, carry);
    if (&of != &loop) take_lanes(carry.next, &of);
    if (!serial) carried_.push_back({carry.result, &of});
  }
}

void Verifier::check_rows(const Loop& loop) const {
  SINTER_ASSERT(nest_.rank > 1 || reduces_, "a nest of rank 1 has no rows");
  SINTER_ASSERT(loops_.empty() && !stored_, "one loop runs over the rows, around all others");
  SINTER_ASSERT(
      nest_.index(loop.from).op == IndexOp::begin && nest_.index(loop.to).op == IndexOp::end,
      "the rows are those of the call");
  SINTER_ASSERT(loop.step() == 1 && !loop.masked && !loop.once, "rows go one by one");
}

void Verifier::check_serial(const Loop& loop) const {
  SINTER_ASSERT(!loops_.empty(), "a serial loop stands in another");
  const Loop* thread = around(LoopKind::thread);
  SINTER_ASSERT(thread == nullptr || (thread->lanes == 1 && thread->unroll == 1) ||
                    (loops_.back() == thread && thread->body.size() == 1),
                "a serial loop stands alone in a thread loop of several elements");
  SINTER_ASSERT(loop.step() == 1 && !loop.masked, "rows go one by one");
}

void Verifier::check_vectors(const Loop& loop) const {
  SINTER_ASSERT(!in_lanes() && (reduces_ || loops_.empty() == (nest_.rank == 1)),
                "loops with lanes stand in the loop over rows, or alone in a nest of rank 1");
  SINTER_ASSERT(loop.threads == 1, "a vector loop has one thread");
  check_lanes(loop);
}

void Verifier::check_lanes(const Loop& loop) const {
  SINTER_ASSERT(std::has_single_bit(loop.lanes), "lanes are a power of two");
  SINTER_ASSERT(std::has_single_bit(loop.unroll), "vectors in flight are a power of two");
  SINTER_ASSERT(!loop.interleaved || loop.unroll % 2 == 0, "interleaved vectors come in pairs");
  check_stores(loop.body);
}

void Verifier::check_blocks(const Loop& loop) const {
  SINTER_ASSERT(loops_.empty() && !stored_, "a block loop stands around all other loops");
  const Index& from = nest_.index(loop.from);
  SINTER_ASSERT(from.op == IndexOp::constant && from.immediate == 0, "a block loop begins at 0");
  SINTER_ASSERT(loop.tile > 0 && !loop.masked && !loop.once && !loop.interleaved,
                "a block loop has a tile, and is not masked, once or interleaved");
}

void Verifier::check_teams(const Loop& loop) const {
  const Loop* block = around(LoopKind::block);
  SINTER_ASSERT(block != nullptr && !around(LoopKind::team) && !around(LoopKind::thread),
                "teams are parts of a block");
  SINTER_ASSERT(std::has_single_bit(loop.threads) && block->threads % loop.threads == 0,
                "a block has whole teams");
  SINTER_ASSERT(!loop.masked && !loop.interleaved, "a team loop is not masked or interleaved");
}

void Verifier::check_threads(const Loop& loop) const {
  const Loop* block = around(LoopKind::block);
  const Loop* team = around(LoopKind::team);
  SINTER_ASSERT(block != nullptr && !around(LoopKind::thread), "threads are parts of a block");
  SINTER_ASSERT(loop.threads == (team != nullptr ? team : block)->threads ||
                    (team == nullptr && std::has_single_bit(loop.threads) &&
                     block->threads % loop.threads == 0),
                "a thread loop has all threads of a block or a team");
  SINTER_ASSERT(!loop.interleaved, "a thread loop is not interleaved");
  check_lanes(loop);
}

void Verifier::check_digits(const Loop& loop) {
  const bool blocks = std::ranges::any_of(loop.body, [](const Statement& statement) {
    const Loop* inner = std::get_if<Loop>(&statement);
    return inner != nullptr && inner->kind == LoopKind::serial;
  });
  const int axes = blocks ? nest_.rank : nest_.rank - 1;
  int digits = 0;
  if (loop.kind == LoopKind::parallel && axes > 1) digits = axes;
  const bool free = reduces_ || loop.kind == LoopKind::block || loop.kind == LoopKind::thread;
  SINTER_ASSERT(free || loop.digits.size() == static_cast<std::size_t>(digits),
                "rows and blocks over several axes count in one digit per axis");
  for (const Digit& digit : loop.digits) {
    use(digit.radix);
    define_variable(digit.variable);
  }
}

void Verifier::check_stores(const Block& body) const {
  std::vector<int> stores(nest_.arguments.size());
  for (const Statement& statement : body) {
    const Store* store = std::get_if<Store>(&statement);
    if (store == nullptr) continue;
    SINTER_ASSERT(store->argument < stores.size(), "a store names an argument");
    ++stores[store->argument];
  }
  for (std::size_t i = 0; i < stores.size(); ++i) {
    const auto& [dtype, output, local] = nest_.arguments[i];
    const bool right =
        local > 0 || (reduces_ ? stores[i] <= (output ? 1 : 0) : stores[i] == (output ? 1 : 0));
    SINTER_ASSERT(right, "a loop with lanes stores every output once, and no input");
  }
}

// --- Statements ----------------------------------------------------------------------------------

void Verifier::check(const Load& load) {
  const Loop* loop = lane_loop();
  const bool lanes = loop != nullptr;
  SINTER_ASSERT(load.argument < nest_.arguments.size(), "a load names an argument");
  SINTER_ASSERT(!nest_.arguments[load.argument].output, "a load reads an input");
  SINTER_ASSERT(lanes || load.lanes == LaneStride::uniform,
                "outside loops with lanes a load is uniform");
  SINTER_ASSERT(!stored_ || nest_.arguments[load.argument].local > 0,
                "loads of a block come before its stores");
  const bool pairs = lanes && loop->interleaved && load.lanes != LaneStride::uniform;
  SINTER_ASSERT(!pairs || (load.lanes == LaneStride::contiguous &&
                           info(nest_.arguments[load.argument].dtype).bytes == 2),
                "interleaved accesses are contiguous and of 16 bits");
  const bool steps = lanes && loop->kind == LoopKind::vector && loop->lanes > 1 && !loop->masked &&
                     !loop->interleaved;
  SINTER_ASSERT(load.prefetch == 0 || (steps && load.lanes == LaneStride::contiguous &&
                                       nest_.arguments[load.argument].local == 0),
                "only whole vectors of a buffer are prefetched");
  SINTER_ASSERT(load.lanes != LaneStride::reversed || loop->kind == LoopKind::vector,
                "only vector loops have reversed lanes");
  SINTER_ASSERT(!lanes || !loop->masked || loop->kind != LoopKind::thread || loop->lanes == 1 ||
                    load.lanes != LaneStride::contiguous,
                "a masked thread loop has no contiguous vectors");
  use(load.offset);
  if (load.lanes == LaneStride::strided) use(load.lane_stride);
  define(load.result);
  SINTER_ASSERT(nest_.dtype(load.result) == nest_.arguments[load.argument].dtype,
                "a load has the dtype of its argument");
}

void Verifier::check(const Store& store) {
  const Loop* loop = lane_loop();
  SINTER_ASSERT(store.argument < nest_.arguments.size(), "a store names an argument");
  SINTER_ASSERT(in_lanes() || reduces_, "stores stand in loops with lanes");
  const Loop* block = around(LoopKind::block);
  const bool repeated =
      block != nullptr && in_lanes() && !around(LoopKind::team) && loop->threads != block->threads;
  SINTER_ASSERT(!repeated, "a thread loop that every team runs stores nothing");
  SINTER_ASSERT(in_lanes() != (store.lanes == LaneStride::uniform),
                "stores are uniform outside loops with lanes, and only there");
  SINTER_ASSERT(!store.streaming || !loop->masked, "streaming stores are not masked");
  SINTER_ASSERT(!store.streaming || !loop->interleaved, "streaming stores are not interleaved");
  SINTER_ASSERT(!store.streaming || store.lanes == LaneStride::contiguous,
                "streaming stores are contiguous");
  SINTER_ASSERT(!in_lanes() || !loop->interleaved ||
                    (store.lanes == LaneStride::contiguous &&
                     info(nest_.arguments[store.argument].dtype).bytes == 2),
                "interleaved accesses are contiguous and of 16 bits");
  SINTER_ASSERT(!store.whole || (nest_.arguments[store.argument].local > 0 &&
                                 store.lanes == LaneStride::contiguous),
                "whole stores are contiguous and to local arguments");
  SINTER_ASSERT(store.lanes != LaneStride::reversed || loop->kind == LoopKind::vector,
                "only vector loops have reversed lanes");
  use(store.value);
  use(store.offset);
  if (store.lanes == LaneStride::strided) use(store.lane_stride);
  SINTER_ASSERT(nest_.dtype(store.value) == nest_.arguments[store.argument].dtype,
                "a store has the dtype of its argument");
  stored_ = stored_ || nest_.arguments[store.argument].local == 0;
}

/// True if all operands have the same dtype, a compute dtype for which `is_wanted` is true.
bool same_dtype(const LoopNest& nest, const Compute& compute, bool (*is_wanted)(DType)) {
  const DType dtype = nest.dtype(compute.operands[0]);
  return is_wanted(dtype) && !is_storage_float(dtype) &&
         std::ranges::all_of(compute.inputs(),
                             [&](ValueId operand) { return nest.dtype(operand) == dtype; });
}

bool follows_rule(const LoopNest& nest, const Compute& compute) {
  const DType result = nest.dtype(compute.result);
  const auto operand = [&](std::size_t i) { return nest.dtype(compute.operands[i]); };
  switch (info(compute.op).rule) {
    case DTypeRule::leaf:
      if (compute.op == Op::constant) return true;
      return compute.op == Op::parameter && compute.payload < nest.parameter_dtypes.size() &&
             nest.parameter_dtypes[compute.payload] == result;
    case DTypeRule::floating: return same_dtype(nest, compute, is_floating) && operand(0) == result;
    case DTypeRule::numeric: return same_dtype(nest, compute, is_numeric) && operand(0) == result;
    case DTypeRule::integer: return same_dtype(nest, compute, is_integer) && operand(0) == result;
    case DTypeRule::comparison:
      return same_dtype(nest, compute, is_numeric) && result == DType::boolean;
    case DTypeRule::logical:
      return result == DType::boolean && std::ranges::all_of(compute.inputs(), [&](ValueId value) {
               return nest.dtype(value) == DType::boolean;
             });
    case DTypeRule::select:
      return operand(0) == DType::boolean && operand(1) == result && operand(2) == result;
    case DTypeRule::convert: return true;
    case DTypeRule::recast: return false;  // the rule of a composite
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast: return info(operand(0)).bytes == info(result).bytes;
    case DTypeRule::lookup:
      return compute.payload < nest.tables.size() &&
             ((operand(0) == DType::i32 && result == DType::f32) ||
              (operand(0) == DType::i64 && result == DType::f64));
    case DTypeRule::same:
    case DTypeRule::alike: return false;  // structural ops are strides of arguments
  }
  return false;
}

void Verifier::check(const Compute& compute) {
  const OpInfo& row = info(compute.op);
  SINTER_ASSERT(row.kind == OpKind::primitive || row.kind == OpKind::leaf,
                "composites are expanded, and structural ops are strides of arguments");
  SINTER_ASSERT(compute.operand_count == row.arity, "an op has the operands of its row");
  for (ValueId operand : compute.inputs()) use(operand);
  define(compute.result);
  SINTER_ASSERT(follows_rule(nest_, compute), "dtypes are as the row of the op says");
}

void Verifier::check(const Count& count) {
  const Loop* loop = lane_loop();
  const bool lanes = loop != nullptr;
  use(count.from);
  define(count.result);
  SINTER_ASSERT(is_integer(nest_.dtype(count.result)), "a count is an integer");
  SINTER_ASSERT(
      count.lanes == LaneStride::uniform || (lanes && count.lanes == LaneStride::contiguous),
      "a count is uniform, or contiguous in a loop with lanes");
  SINTER_ASSERT(count.lanes == LaneStride::uniform || !loop->interleaved,
                "a count in an interleaved loop is uniform");
}

void Verifier::check(const Transpose& transpose) {
  SINTER_ASSERT(!loops_.empty() && !in_lanes() && !stored_,
                "a transpose stands in a loop without lanes, before all stores");
  SINTER_ASSERT(
      transpose.argument < nest_.arguments.size() && transpose.local < nest_.arguments.size(),
      "a transpose names arguments");
  const Argument& from = nest_.arguments[transpose.argument];
  const Argument& to = nest_.arguments[transpose.local];
  SINTER_ASSERT(from.local == 0 && !from.output && to.dtype == from.dtype &&
                    to.local >= std::uint32_t{transpose.side} * transpose.side,
                "a transpose goes from an input into local memory of its dtype that has room");
  SINTER_ASSERT(std::has_single_bit(transpose.lanes) && transpose.side % transpose.lanes == 0,
                "a block is whole vectors in both directions");
  use(transpose.offset);
  use(transpose.stride);
  use(transpose.to);
}

void Verifier::check(const Fold& fold) {
  use(fold.value);
  define(fold.result);
  SINTER_ASSERT(std::ranges::find(carried_, fold.value, &Lanes::value) != carried_.end(),
                "a fold is the only use of the result of a carry");
  take_lanes(fold.value, nullptr);
  SINTER_ASSERT(!in_lanes(), "a fold stands outside loops with lanes");
  SINTER_ASSERT(nest_.dtype(fold.result) == nest_.dtype(fold.value), "a fold keeps the dtype");
}

void Verifier::check(const Barrier&) const {
  SINTER_ASSERT(around(LoopKind::block) && !around(LoopKind::team) && !around(LoopKind::thread),
                "all threads of a block come to a barrier");
}

/// True if a statement of `block` occurs only in nests with a reduction or a product.
bool reduces(const LoopNest& nest, const Block& block) {
  return std::ranges::any_of(block, [&nest](const Statement& statement) {
    if (const Loop* loop = std::get_if<Loop>(&statement)) {
      return !loop->carried.empty() || reduces(nest, loop->body);
    }
    if (const Store* store = std::get_if<Store>(&statement)) {
      return store->lanes == LaneStride::uniform ||
             (store->argument < nest.arguments.size() && nest.arguments[store->argument].local > 0);
    }
    return std::holds_alternative<Fold>(statement);
  });
}

/// True if a statement of `block` stores. A nest with a reduction over an empty group may store
/// nothing: an output of the group's length has no elements.
bool stores(const Block& block) {
  return std::ranges::any_of(block, [](const Statement& statement) {
    const Loop* loop = std::get_if<Loop>(&statement);
    return loop != nullptr ? stores(loop->body) : std::holds_alternative<Store>(statement);
  });
}

void Verifier::run() {
  reduces_ = reduces(nest_, nest_.body) || !stores(nest_.body);
  check_arguments();
  check_indices();
  const bool has_loop = std::ranges::any_of(nest_.body, [](const Statement& statement) {
    return std::holds_alternative<Loop>(statement);
  });
  SINTER_ASSERT(has_loop, "a nest has a loop");
  check(nest_.body);
}

}  // namespace

void verify(const LoopNest& nest) try {
  detail::check_enums(nest);
  Verifier(nest).run();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
