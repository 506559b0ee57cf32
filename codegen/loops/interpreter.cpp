// The loop interpreter: a machine with one register per value of the nest, as wide as the step of
// the loop that defines it.
//
// As in machine code, a statement runs for all lanes before the next statement does. So a load that
// wrongly follows a store to the same element is found. The threads of a block run one after
// another. Accesses to shared memory whose result depends on this order fail: see Shared.
#include <sinter/codegen/loop_interpreter.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <sinter/ir/assert.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/rethrow.h>

#include "loops/enums.h"
#include "loops/local_memory.h"

namespace sinter {
namespace {

/// An element in a register: its bits, zero-extended (see element.h).
using Word = std::uint64_t;

/// Contents of local memory before the first store.
constexpr std::byte kUnwritten{0xa5};

Word read(const std::byte* from, DType dtype) {
  Word word = 0;
  std::memcpy(&word, from, info(dtype).bytes);
  return dtype == DType::boolean ? Word{word != 0} : word;
}

void write(std::byte* to, DType dtype, Word word) { std::memcpy(to, &word, info(dtype).bytes); }

/// Last accesses to the elements of a local argument on a GPU, as values of Machine::barriers_.
/// Between two barriers, an element that was stored is not accessed again, and an element that was
/// loaded is not stored.
struct Shared {
  std::vector<int> stored;
  std::vector<int> loaded;
};

class Machine {
 public:
  Machine(const LoopNest& nest, const KernelArguments& arguments, std::int64_t begin,
          std::int64_t end);
  void run() { run(nest_.body); }

 private:
  [[nodiscard]] std::int64_t number(IndexId id) const { return indices_[id.index]; }
  [[nodiscard]] std::int64_t evaluate(const Index& index) const;
  void update_indices();
  [[nodiscard]] std::byte* address(std::size_t argument, std::int64_t offset) const;
  [[nodiscard]] std::int64_t to_alignment(const Index& index) const;
  [[nodiscard]] Word lane(ValueId id, std::size_t lane) const;
  [[nodiscard]] std::span<Word> lanes(ValueId id);
  [[nodiscard]] std::int64_t lane_step(LaneStride lanes, IndexId stride) const;
  [[nodiscard]] bool is_aligned(const std::byte* at, DType dtype) const;

  void run(const Block& block);
  void run(const Loop& loop);
  void run_vectors(const Loop& loop);
  void run_rows(const Loop& loop);
  void begin_carried(const Loop& loop, std::size_t count);
  void advance_carried(const Loop& loop);
  void end_carried(const Loop& loop);
  void run_blocks(const Loop& loop);
  void run_threads(const Loop& loop);
  void run_thread(const Loop& loop, std::int64_t first);
  [[nodiscard]] std::size_t active_lanes(const Loop& loop, std::int64_t at) const;
  void begin_thread_carried(const Loop& loop);
  void read_carried(const Loop& loop, std::size_t first);
  void write_carried(const Loop& loop, std::size_t first);
  void end_thread_carried(const Loop& loop);
  void set_digits(const Loop& loop);
  void run(const Load& load);
  void run(const Store& store);
  void run(const Compute& compute);
  void run(const Count& count);
  void run(const Transpose& transpose);
  void run(const Fold& fold);
  void run(const Barrier&) { ++barriers_; }
  void check_race(std::size_t argument, std::int64_t offset, bool stores);

  const LoopNest& nest_;
  const KernelArguments& arguments_;
  const std::int64_t begin_;
  const std::int64_t end_;
  std::vector<std::int64_t> variables_;         // [index] value of a loop variable
  std::vector<std::int64_t> indices_;           // [index]
  std::vector<std::vector<Word>> values_;       // [value][lane]
  std::vector<std::vector<std::byte>> locals_;  // [argument] local memory that is not in scratch
  std::vector<std::byte*> local_begin_;         // [argument] first byte of a local argument
  std::vector<Shared> shared_;                  // [argument] accesses of the current block
  std::vector<Word> next_;                      // lanes of a Carry::next while they are gathered
  std::vector<std::vector<Word>> carried_;      // [Carry::value][element of a thread loop's step]
  int barriers_ = 1;                            // barriers that the block has passed, plus 1
  std::size_t first_ = 0;                       // first lane that a statement runs for
  std::size_t active_ = 1;                      // number of lanes that a statement runs for
  int vector_lanes_ = 1;                        // lanes of one vector
  std::int64_t step_lanes_ = 1;                 // lanes of a vector loop's step, masked or not
  bool one_access_ = false;  // true in thread loops: contiguous lanes are a single access
};

Machine::Machine(const LoopNest& nest, const KernelArguments& arguments, std::int64_t begin,
                 std::int64_t end)
    : nest_(nest),
      arguments_(arguments),
      begin_(begin),
      end_(end),
      variables_(nest.indices.size()),
      indices_(nest.indices.size()),
      values_(nest.values.size()),
      shared_(nest.arguments.size()),
      carried_(nest.values.size()) {
  SINTER_ASSERT(!nest.locals_in_scratch ||
                    (arguments.scratch != nullptr &&
                     std::bit_cast<std::uintptr_t>(arguments.scratch) % kScratchAlignment == 0),
                "a nest whose local arguments lie in scratch is given an aligned block");
  auto* const scratch = static_cast<std::byte*>(arguments.scratch);
  for (std::size_t i = 0; i < nest.arguments.size(); ++i) {
    const auto& [dtype, output, elements] = nest.arguments[i];
    const bool here = !nest.locals_in_scratch;
    locals_.emplace_back(here ? std::size_t{elements} * info(dtype).bytes : 0, kUnwritten);
    local_begin_.push_back(here ? locals_.back().data()
                                : scratch + detail::scratch_offset(nest, i));
  }
  update_indices();
}

// --- Indices -------------------------------------------------------------------------------------

/// Operands precede users, so one pass suffices. An index over a variable that has no value yet has
/// no meaning, and nothing uses it.
void Machine::update_indices() {
  for (std::size_t i = 0; i < indices_.size(); ++i) {
    const Index& index = nest_.indices[i];
    indices_[i] = index.op == IndexOp::variable ? variables_[i] : evaluate(index);
    SINTER_ASSERT(nest_.index_bits == 64 || indices_[i] == static_cast<std::int32_t>(indices_[i]),
                  "an index fits index_bits");
  }
}

std::int64_t Machine::evaluate(const Index& index) const {
  const std::int64_t immediate = index.immediate;
  switch (index.op) {
    case IndexOp::constant: return immediate;
    case IndexOp::begin: return begin_;
    case IndexOp::end: return end_;
    case IndexOp::extent: return arguments_.extents[immediate];
    case IndexOp::stride: return arguments_.strides[immediate];
    case IndexOp::variable: break;
    case IndexOp::add: return number(index.a) + number(index.b);
    case IndexOp::sub: return number(index.a) - number(index.b);
    case IndexOp::mul: return number(index.a) * number(index.b);
    case IndexOp::min: return std::min(number(index.a), number(index.b));
    case IndexOp::max: return std::max(number(index.a), number(index.b));
    // b may be 0 while its variables have no value; nothing uses the quotient then.
    case IndexOp::div: return number(index.b) == 0 ? 0 : number(index.a) / number(index.b);
    case IndexOp::round_down: return number(index.a) & -immediate;
    case IndexOp::blocks: return (number(index.a) + immediate - 1) / immediate;
    case IndexOp::to_alignment: return to_alignment(index);
    case IndexOp::aligned: return to_alignment(index) == 0 ? 1 : 0;
    case IndexOp::distinct:
      return address(index.argument, 0) != address(static_cast<std::size_t>(immediate), 0) ? 1 : 0;
  }
  SINTER_ASSERT(false, "a variable has its value from its loop");
}

std::byte* Machine::address(std::size_t argument, std::int64_t offset) const {
  const auto [dtype, output, local] = nest_.arguments[argument];
  const std::int64_t bytes = offset * info(dtype).bytes;
  if (local == 0) return static_cast<std::byte*>(arguments_.buffers[argument]) + bytes;
  SINTER_ASSERT(offset >= 0 && offset < local, "an access is inside its local argument");
  return local_begin_[argument] + bytes;
}

std::int64_t Machine::to_alignment(const Index& index) const {
  const auto at = std::bit_cast<std::uint64_t>(address(index.argument, number(index.a)));
  const std::uint64_t bytes = -at & static_cast<std::uint64_t>(index.immediate - 1);
  return static_cast<std::int64_t>(bytes) / info(nest_.arguments[index.argument].dtype).bytes;
}

// --- Statements ----------------------------------------------------------------------------------

/// Returns a lane of a value. A value from outside the loop is one element, the same in every lane.
Word Machine::lane(ValueId id, std::size_t lane) const {
  const std::vector<Word>& lanes = values_[id.index];
  return lanes.size() == 1 ? lanes[0] : lanes[first_ + lane];
}

/// Returns the lanes of a result, for a statement to fill.
std::span<Word> Machine::lanes(ValueId id) {
  values_[id.index].resize(first_ + active_);
  return std::span(values_[id.index]).subspan(first_);
}

/// Returns the distance from one lane to the next, in elements.
std::int64_t Machine::lane_step(LaneStride lanes, IndexId stride) const {
  switch (lanes) {
    case LaneStride::uniform: return 0;
    case LaneStride::contiguous: return 1;
    case LaneStride::reversed: return -1;
    case LaneStride::strided: break;
  }
  return number(stride);
}

bool Machine::is_aligned(const std::byte* at, DType dtype) const {
  const auto vector = static_cast<std::uintptr_t>(vector_lanes_) * info(dtype).bytes;
  return std::bit_cast<std::uintptr_t>(at) % vector == 0;
}

void Machine::check_race(std::size_t argument, std::int64_t offset, bool stores) {
  if (shared_[argument].stored.empty()) return;
  const auto element = static_cast<std::size_t>(offset);
  int& stored = shared_[argument].stored[element];
  int& loaded = shared_[argument].loaded[element];
  SINTER_ASSERT(stored < barriers_ && (!stores || loaded < barriers_),
                "a barrier separates conflicting accesses of threads to an element");
  (stores ? stored : loaded) = barriers_;
}

void Machine::run(const Load& load) {
  const std::span<Word> lanes = this->lanes(load.result);
  SINTER_ASSERT(
      !one_access_ || load.lanes != LaneStride::contiguous ||
          is_aligned(address(load.argument, number(load.offset)), nest_.dtype(load.result)),
      "the accesses of a thread are aligned");
  const std::int64_t step = lane_step(load.lanes, load.lane_stride);
  for (std::size_t i = 0; i < active_; ++i) {
    const std::int64_t offset = number(load.offset) + static_cast<std::int64_t>(i) * step;
    check_race(load.argument, offset, false);
    lanes[i] = read(address(load.argument, offset), nest_.dtype(load.result));
  }
}

void Machine::run(const Store& store) {
  const DType dtype = nest_.arguments[store.argument].dtype;
  std::byte* to = address(store.argument, number(store.offset));
  SINTER_ASSERT(!store.streaming || is_aligned(to, dtype), "streaming stores are aligned");
  SINTER_ASSERT(!one_access_ || store.lanes != LaneStride::contiguous || is_aligned(to, dtype),
                "the accesses of a thread are aligned");
  if (store.whole) {
    static_cast<void>(address(store.argument, number(store.offset) + step_lanes_ - 1));
  }
  const std::int64_t step = lane_step(store.lanes, store.lane_stride);
  for (std::size_t i = 0; i < active_; ++i) {
    const auto distance = static_cast<std::int64_t>(i) * step * info(dtype).bytes;
    check_race(store.argument, number(store.offset) + static_cast<std::int64_t>(i) * step, true);
    write(to + distance, dtype, lane(store.value, i));
  }
}

void Machine::run(const Compute& compute) {
  const std::span<Word> lanes = this->lanes(compute.result);
  const DType to = nest_.dtype(compute.result);
  if (compute.op == Op::constant) {
    std::ranges::fill(lanes, element_bits(std::bit_cast<double>(compute.payload), to));
  } else if (compute.op == Op::parameter) {
    const std::uint64_t* slot = arguments_.parameters + compute.payload;
    std::ranges::fill(lanes, read(reinterpret_cast<const std::byte*>(slot), to));
  } else {
    const DTypeRule rule = info(compute.op).rule;
    const bool from_operands = rule == DTypeRule::comparison || rule == DTypeRule::convert ||
                               rule == DTypeRule::bitcast || rule == DTypeRule::raw_bitcast;
    const DType dtype = from_operands ? nest_.dtype(compute.operands[0]) : to;
    const bool looks_up = rule == DTypeRule::lookup;
    const LookupTable* table = looks_up ? &nest_.tables[compute.payload] : nullptr;
    for (std::size_t i = 0; i < active_; ++i) {
      std::array<Word, kMaxOperands> operands{};
      for (std::size_t k = 0; k < compute.operand_count; ++k) {
        operands[k] = lane(compute.operands[k], i);
      }
      lanes[i] =
          evaluate_bits(compute.op, dtype, to, {operands.data(), compute.operand_count}, table);
    }
  }
}

void Machine::run(const Count& count) {
  const unsigned unused_bits = 64 - 8U * info(nest_.dtype(count.result)).bytes;
  const Word step = count.lanes == LaneStride::contiguous ? 1 : 0;
  auto at = static_cast<Word>(number(count.from));
  for (Word& lane : lanes(count.result)) {
    lane = at << unused_bits >> unused_bits;
    at += step;
  }
}

void Machine::run(const Transpose& transpose) {
  const DType dtype = nest_.arguments[transpose.argument].dtype;
  for (std::int64_t r = 0; r < transpose.side; ++r) {
    for (std::int64_t c = 0; c < transpose.side; ++c) {
      const std::int64_t from = number(transpose.offset) + r + c * number(transpose.stride);
      write(address(transpose.local, number(transpose.to) + r * transpose.side + c), dtype,
            read(address(transpose.argument, from), dtype));
    }
  }
}

void Machine::run(const Fold& fold) {
  const DType dtype = nest_.dtype(fold.result);
  std::vector<Word> lanes = values_[fold.value.index];
  for (std::size_t half = lanes.size() / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) {
      const std::array<Word, 2> operands{lanes[j], lanes[j + half]};
      lanes[j] = evaluate_bits(fold.op, dtype, dtype, operands);
    }
  }
  values_[fold.result.index] = {lanes[0]};
}

// --- Loops ---------------------------------------------------------------------------------------

void Machine::run(const Block& block) {
  for (const Statement& statement : block) {
    std::visit([this](const auto& typed) { run(typed); }, statement);
  }
}

void Machine::run(const Loop& loop) {
  SINTER_ASSERT(number(loop.from) <= number(loop.to), "a loop does not end before it begins");
  switch (loop.kind) {
    case LoopKind::parallel:
    case LoopKind::team:
    case LoopKind::serial: run_rows(loop); break;
    case LoopKind::vector: run_vectors(loop); break;
    case LoopKind::block: run_blocks(loop); break;
    case LoopKind::thread: run_threads(loop); break;
  }
}

void Machine::run_vectors(const Loop& loop) {
  const std::int64_t from = number(loop.from);
  const std::int64_t to = number(loop.to);
  SINTER_ASSERT(loop.masked || (to - from) % loop.step() == 0,
                "an unmasked loop covers whole steps");
  SINTER_ASSERT(!loop.once || to - from <= loop.step(), "a loop that runs once covers one step");
  vector_lanes_ = loop.lanes;
  step_lanes_ = loop.step();
  begin_carried(loop, static_cast<std::size_t>(loop.step()));
  for (std::int64_t at = from; at < to; at += loop.step()) {
    active_ = static_cast<std::size_t>(std::min(loop.step(), to - at));
    variables_[loop.variable.index] = at;
    update_indices();
    run(loop.body);
    advance_carried(loop);
  }
  end_carried(loop);
  active_ = 1;
}

void Machine::begin_carried(const Loop& loop, std::size_t count) {
  for (const Carry& carry : loop.carried) {
    std::vector<Word>& lanes = values_[carry.value.index];
    lanes.clear();
    for (std::size_t i = 0; i < count; ++i) lanes.push_back(lane(carry.first, i));
  }
}

/// Lanes at and beyond the end keep the value that they carry.
void Machine::advance_carried(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    std::vector<Word>& value = values_[carry.value.index];
    for (std::size_t i = 0; i < active_; ++i) next_.push_back(lane(carry.next, i));
    for (std::size_t i = active_; i < value.size(); ++i) next_.push_back(value[i]);
    value = std::exchange(next_, {});
  }
}

void Machine::end_carried(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    values_[carry.result.index] = values_[carry.value.index];
  }
}

/// Carried values have the lanes of the enclosing loop.
void Machine::run_rows(const Loop& loop) {
  const std::int64_t to = number(loop.to);
  SINTER_ASSERT(loop.kind != LoopKind::serial || !loop.once || to - number(loop.from) <= 1,
                "a loop that runs once covers one step");
  for (const Carry& carry : loop.carried) values_[carry.value.index] = values_[carry.first.index];
  for (std::int64_t row = number(loop.from); row < to; ++row) {
    variables_[loop.variable.index] = row;
    set_digits(loop);
    update_indices();
    run(loop.body);
    for (const Carry& carry : loop.carried) values_[carry.value.index] = values_[carry.next.index];
  }
  end_carried(loop);
}

void Machine::run_blocks(const Loop& loop) {
  const std::int64_t to = number(loop.to);
  for (std::int64_t tile = number(loop.from); tile < to; tile += loop.step()) {
    variables_[loop.variable.index] = tile;
    set_digits(loop);
    update_indices();
    for (std::size_t i = 0; i < locals_.size(); ++i) {
      std::ranges::fill(locals_[i], kUnwritten);
      shared_[i].stored.assign(nest_.arguments[i].local, 0);
      shared_[i].loaded.assign(nest_.arguments[i].local, 0);
    }
    run(loop.body);
  }
}

void Machine::run_threads(const Loop& loop) {
  const std::int64_t from = number(loop.from);
  const std::int64_t to = number(loop.to);
  const bool ragged = loop.masked && loop.limits.empty();
  SINTER_ASSERT(ragged || (to - from) % loop.step() == 0, "an unmasked loop covers whole steps");
  SINTER_ASSERT(!loop.once || to - from <= loop.step(), "a loop that runs once covers one step");
  vector_lanes_ = loop.lanes;
  begin_thread_carried(loop);
  for (std::int64_t at = from; at < to; at += loop.step()) {
    for (std::int64_t thread = 0; thread < loop.threads; ++thread) {
      const std::int64_t first = at + thread * loop.lanes;
      if (first >= to) break;
      read_carried(loop, static_cast<std::size_t>(first - at));
      run_thread(loop, first);
      write_carried(loop, static_cast<std::size_t>(first - at));
    }
  }
  end_thread_carried(loop);
}

void Machine::begin_thread_carried(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    std::vector<Word>& all = carried_[carry.value.index];
    all.clear();
    for (std::int64_t i = 0; i < loop.step(); ++i) {
      all.push_back(lane(carry.first, static_cast<std::size_t>(i)));
    }
  }
}

/// Loads the carried lanes of the thread whose first element is element `first` of the step.
void Machine::read_carried(const Loop& loop, std::size_t first) {
  for (const Carry& carry : loop.carried) {
    std::vector<Word>& own = values_[carry.value.index];
    own.clear();
    for (std::size_t k = 0; k < loop.unroll; ++k) {
      const Word* from = carried_[carry.value.index].data() + first + k * loop.threads * loop.lanes;
      own.insert(own.end(), from, from + loop.lanes);
    }
  }
}

/// Lanes that a masked loop leaves out have no next value, and keep the value that they carry.
void Machine::write_carried(const Loop& loop, std::size_t first) {
  for (const Carry& carry : loop.carried) {
    const std::vector<Word>& next = values_[carry.next.index];
    for (std::size_t i = 0; i < next.size(); ++i) {
      const std::size_t k = i / loop.lanes;
      carried_[carry.value.index][first + k * loop.threads * loop.lanes + i % loop.lanes] = next[i];
    }
  }
}

void Machine::end_thread_carried(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    values_[carry.result.index] = std::exchange(carried_[carry.value.index], {});
  }
}

/// Returns the number of lanes of the vector at `at` that the loop computes. These are the first
/// lanes of the vector.
std::size_t Machine::active_lanes(const Loop& loop, std::int64_t at) const {
  std::int64_t rest = number(loop.to) - at;
  for (const auto& [place, end, by_lane] : loop.limits) {
    const std::int64_t inside = number(end) - number(place);
    rest = std::min(rest, by_lane || inside <= 0 ? inside : rest);
  }
  return static_cast<std::size_t>(std::clamp<std::int64_t>(rest, 0, loop.lanes));
}

/// Runs the vectors of one thread, the first of which begins at `first`.
void Machine::run_thread(const Loop& loop, std::int64_t first) {
  one_access_ = true;
  for (const Statement& statement : loop.body) {
    for (std::int64_t k = 0; k < loop.unroll; ++k) {
      first_ = static_cast<std::size_t>(k) * loop.lanes;
      const std::int64_t at = first + k * loop.threads * loop.lanes;
      variables_[loop.variable.index] = at;
      set_digits(loop);
      update_indices();
      active_ = active_lanes(loop, at);
      if (active_ == 0) continue;
      std::visit([this](const auto& typed) { run(typed); }, statement);
    }
  }
  first_ = 0;
  active_ = 1;
  one_access_ = false;
}

void Machine::set_digits(const Loop& loop) {
  std::int64_t rest = variables_[loop.variable.index];
  for (auto digit = loop.digits.rbegin(); digit != loop.digits.rend(); ++digit) {
    const std::int64_t radix = number(digit->radix);
    variables_[digit->variable.index] = rest % radix;
    rest /= radix;
  }
}

}  // namespace

void interpret(const LoopNest& nest, const KernelArguments& arguments, std::int64_t begin,
               std::int64_t end) try {
  const detail::FloatEnvironment environment;
  detail::check_enums(nest);
  Machine(nest, arguments, begin, end).run();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
