// CudaEmitter: statements, folds, block, team and serial loops, carried values, and the kernel's
// definition. Thread loops are in step.cpp.
#include "cuda/emitter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "cuda/parameters.h"
#include "cuda/strategy.h"
#include "loops/enums.h"

namespace sinter {
namespace detail {
namespace {

constexpr std::array<std::string_view, 4> kOptions{"--fmad=false", "--prec-div=true",
                                                   "--prec-sqrt=true", "--ftz=false"};

}  // namespace

CudaEmitter::CudaEmitter(const LoopNest& nest, std::string_view entry)
    : nest_(nest),
      text_(nest),
      values_(nest.values.size()),
      varying_(nest.values.size()),
      common_(nest.values.size()),
      carried_(nest.values.size()) {
  kernel_.entry = entry;
}

void CudaEmitter::emit(const Block& block) {
  text_.define(text_.needed(block));
  for (const Statement& statement : block) {
    std::visit([this](const auto& one) { emit(one); }, statement);
  }
}

// --- Texts ---------------------------------------------------------------------------------------

std::string CudaEmitter::element(std::uint8_t argument, IndexId offset) const {
  return fmt::format("a{}[{}]", argument, text_.text(offset));
}

void CudaEmitter::define(ValueId id, std::string_view expression) {
  values_[id.index] = fmt::format("v{}", id.index);
  text_.line(fmt::format("const {} v{} = {};", cuda_type(nest_.dtype(id)), id.index, expression));
}

// --- Statements ----------------------------------------------------------------------------------

/// A uniform load: one element for all lanes.
void CudaEmitter::emit(const Load& load) {
  define(load.result, fmt::format("{}{}", element(load.argument, load.offset),
                                  mask_test(nest_.dtype(load.result))));
}

void CudaEmitter::emit(const Compute& compute) {
  const DType to = nest_.dtype(compute.result);
  if (compute.op == Op::constant) {
    values_[compute.result.index] = cuda_literal(std::bit_cast<double>(compute.payload), to);
    return;
  }
  if (compute.op == Op::parameter) {
    values_[compute.result.index] = fmt::format("p{}", compute.payload);
    return;
  }
  std::array<std::string, kMaxOperands> operands;
  std::ranges::transform(compute.inputs(), operands.begin(),
                         [this](ValueId id) { return values_[id.index]; });
  if (compute.op == Op::lut16) {
    const LookupTable& table = nest_.tables[compute.payload];
    return define(compute.result, helpers_.lookup(table, to, operands[0]));
  }
  const DType from = nest_.dtype(compute.inputs().back());
  define(compute.result,
         cuda_expression(compute.op, from, to, std::span(operands).first(compute.operand_count),
                         helpers_));
}

void CudaEmitter::emit(const Count& count) {
  const std::string_view lane = varying_[count.result.index] ? " + j" : "";
  const std::string_view type = cuda_type(nest_.dtype(count.result));
  define(count.result, fmt::format("({})({}{})", type, text_.summand(count.from), lane));
}

/// A store of one element. Outside of thread loops the threads of a block or a team hold the same
/// value, and one of them stores it.
void CudaEmitter::emit(const Store& store) {
  text_.line(fmt::format("{}{} = {};", storing_thread(), element(store.argument, store.offset),
                         values_[store.value.index]));
}

std::string CudaEmitter::storing_thread() const {
  if (in_thread_) return "";
  return team_ > 0 ? fmt::format("if (threadIdx.x % {} == 0) ", team_) : "if (threadIdx.x == 0) ";
}

void CudaEmitter::emit(const Transpose&) {
  SINTER_ASSERT(false, "only a nest for a CPU has transposes");
}

void CudaEmitter::combine(const Fold& fold, const std::string& into, const std::string& other) {
  const DType dtype = nest_.dtype(fold.result);
  const std::array operands{into, other};
  text_.line(
      fmt::format("{} = {};", into, cuda_expression(fold.op, dtype, dtype, operands, helpers_)));
}

/// Folds vectors in flight first, then threads by shuffles, then lanes: in the order of elements,
/// the vectors of a thread lie furthest apart, and its lanes next to each other.
void CudaEmitter::emit(const Fold& fold) {
  const Carried& all = carried_[fold.value.index];
  const int count = all.unroll * all.lanes;
  const auto element = [&](int i) {
    return count == 1 ? all.name : fmt::format("{}[{}]", all.name, i);
  };
  const auto halve = [&](int from, int to) {
    for (int half = from / 2; half >= to; half /= 2) {
      for (int i = 0; i < half; ++i) combine(fold, element(i), element(i + half));
    }
  };
  SINTER_ASSERT(all.threads == kTeam, "a team folds what it carries");
  const DType dtype = nest_.dtype(fold.result);
  halve(count, all.lanes);
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int h = {}; h > 0; h /= 2)", all.threads / 2));
  for (int i = 0; i < all.lanes; ++i) {
    const std::string other = fmt::format("o{}", i);
    text_.line(fmt::format(
        "const {} {} = {};", cuda_type(dtype), other,
        helpers_.call(fmt::format("{}_exchange", to_string(dtype)), element(i) + ", h")));
    combine(fold, element(i), other);
  }
  text_.close();
  halve(all.lanes, 1);
  define(fold.result, element(0));
}

// --- Loops ---------------------------------------------------------------------------------------

void CudaEmitter::emit(const Loop& loop) {
  begin_carrying(loop);
  const std::vector<std::string> outside = text_.scope();
  switch (loop.kind) {
    case LoopKind::block: emit_blocks(loop); break;
    case LoopKind::team: emit_teams(loop); break;
    case LoopKind::thread: emit_threads(loop); break;
    case LoopKind::serial: emit_serial(loop); break;
    case LoopKind::parallel:
    case LoopKind::vector: SINTER_ASSERT(false, "the nest is for a GPU");
  }
  text_.restore(outside);
}

void CudaEmitter::emit_blocks(const Loop& loop) {
  kernel_.threads = loop.threads;
  kernel_.tile = loop.tile;
  const std::string step =
      loop.tile == 1 ? "" : fmt::format(" * {}{}", loop.tile, nest_.index_bits == 32 ? "" : "ll");
  text_.line(fmt::format("const {} {} = blockIdx.x{};", text_.index_type(),
                         text_.name_variable(loop.variable), step));
  text_.define_digits(loop, text_.needed(loop.body));
  emit(loop.body);
}

/// The number of a team, or the first element of a thread, among those that share the loop.
std::string CudaEmitter::own_place(const Loop& loop) const {
  if (loop.kind == LoopKind::team) return fmt::format("threadIdx.x / {}", loop.threads);
  const std::string own = loop.threads == kernel_.threads
                              ? "threadIdx.x"
                              : fmt::format("threadIdx.x % {}", loop.threads);
  return loop.lanes == 1 ? own : fmt::format("{} * {}", own, loop.lanes);
}

std::string CudaEmitter::sum(IndexId from, const std::string& own) const {
  const bool none = nest_.index(from) == Index{};
  return none ? own : fmt::format("{} + {}", text_.summand(from), own);
}

void CudaEmitter::emit_teams(const Loop& loop) {
  const std::string& name = text_.name_variable(loop.variable);
  const std::string first =
      fmt::format("{} {} = {}", text_.index_type(), name, sum(loop.from, own_place(loop)));
  const std::string to = text_.term(loop.to);
  if (loop.once) {
    text_.open(fmt::format("if (const {}; {} < {})", first, name, to));
  } else {
    text_.line("#pragma unroll 1");
    text_.open(fmt::format("for ({}; {} < {}; {} += {})", first, name, to, name,
                           kernel_.threads / loop.threads));
  }
  text_.define_digits(loop, text_.needed(loop.body));
  team_ = loop.threads;
  emit(loop.body);
  team_ = 0;
  text_.close();
}

void CudaEmitter::open_serial(const Loop& loop) {
  const std::string& name = text_.name_variable(loop.variable);
  text_.line(fmt::format("#pragma unroll {}", loop.ahead));
  text_.open(fmt::format("for ({0} {1} = {2}; {1} < {3}; ++{1})", text_.index_type(), name,
                         text_.text(loop.from), text_.term(loop.to)));
  text_.define_digits(loop, text_.needed(loop.body));
}

void CudaEmitter::emit_serial(const Loop& loop) {
  open_serial(loop);
  emit(loop.body);
  assign_carried(loop);
  text_.close();
}

// --- Carried values ------------------------------------------------------------------------------

namespace {

/// The loop whose lanes `carry` has: for a serial loop around thread loops, the thread loop that
/// starts from the carried value; else `loop` itself.
const Loop& lanes_of(const Loop& loop, const Carry& carry) {
  for (const Statement& statement : loop.body) {
    const Loop* inner = std::get_if<Loop>(&statement);
    if (inner == nullptr || inner->kind != LoopKind::thread) continue;
    for (const Carry& one : inner->carried) {
      if (one.first == carry.value) return *inner;
    }
  }
  return loop;
}

}  // namespace

/// Declares a thread's variable for a carried value, with its first value.
CudaEmitter::Carried CudaEmitter::declare_carried(const Loop& loop, const Carry& carry) {
  constexpr int kInOneLine = 16;
  const Loop& of = lanes_of(loop, carry);
  const int count = of.unroll * of.lanes;
  const Carried made{fmt::format("c{}", carry.value.index), of.unroll, of.lanes, of.threads};
  const std::string& first = values_[carry.first.index];
  const std::string_view type = cuda_type(nest_.dtype(carry.value));
  if (count == 1) {
    text_.line(fmt::format("{} {} = {};", type, made.name, first));
  } else if (count <= kInOneLine) {
    const std::vector<std::string> all(static_cast<std::size_t>(count), first);
    text_.line(fmt::format("{} {}[] = {{{}}};", type, made.name, fmt::join(all, ", ")));
  } else {
    text_.line(fmt::format("{} {}[{}];", type, made.name, count));
    text_.line("#pragma unroll");
    text_.line(fmt::format("for (int k = 0; k < {}; ++k) {}[k] = {};", count, made.name, first));
  }
  return made;
}

/// A loop that starts from the carried result of another loop reuses the variables of that loop.
void CudaEmitter::begin_carrying(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    const bool in_place = in_thread_ && !carried_[carry.first.index].name.empty();
    if (in_place) {
      values_[carry.value.index] = values_[carry.result.index] = values_[carry.first.index];
      continue;
    }
    Carried lanes = carried_[carry.first.index];
    if (lanes.name.empty()) lanes = declare_carried(loop, carry);
    const std::string k = lanes.lanes == 1 ? "k" : fmt::format("k * {} + j", lanes.lanes);
    const std::string element = fmt::format("{}[{}]", lanes.name, lanes.unroll == 1 ? "j" : k);
    const bool whole = lanes.unroll * lanes.lanes == 1 || !loop.has_lanes();
    values_[carry.value.index] = whole ? lanes.name : element;
    values_[carry.result.index] = lanes.name;
    if (!in_thread_) carried_[carry.value.index] = carried_[carry.result.index] = lanes;
  }
}

/// Assigns to the carried variables their values for the next iteration.
void CudaEmitter::assign_carried(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    const std::string& value = values_[carry.value.index];
    const std::string& next = values_[carry.next.index];
    if (value != next) text_.line(fmt::format("{} = {};", value, next));
  }
}

// --- The kernel ----------------------------------------------------------------------------------

CudaKernel CudaEmitter::emit() {
  const auto loop = std::ranges::find_if(nest_.body, [](const Statement& statement) {
    return std::holds_alternative<Loop>(statement);
  });
  SINTER_ASSERT(loop != nest_.body.end(), "a nest has a loop");
  kernel_.threads = std::get<Loop>(*loop).threads;
  kernel_.tile_rows = nest_.tile_rows;
  kernel_.tile_columns = nest_.tile_columns;
  kernel_.parameters = cuda_parameters(nest_);
  text_.open(cuda_head(nest_, kernel_));
  // Threads read neighbouring elements of a tile by one access, of up to 16 bytes.
  const std::string_view by_vectors = nest_.tile_rows > 0 ? "alignas(16) " : "";
  for (std::size_t i = 0; i < nest_.arguments.size(); ++i) {
    const auto& [dtype, output, local] = nest_.arguments[i];
    if (local == 0) continue;
    text_.line(
        fmt::format("{}__shared__ {} a{}[{}];", by_vectors, cuda_memory_type(dtype), i, local));
  }
  emit(nest_.body);
  text_.close();
  kernel_.source = fmt::format("// Bits depend on {}\n\n", fmt::join(kOptions, " "));
  for (const auto& [name, type] : types_) kernel_.source += type;
  if (!types_.empty()) kernel_.source += "\n";
  kernel_.source += helpers_.definitions() + text_.take();
  return std::move(kernel_);
}

}  // namespace detail

CudaKernel emit_cuda(const LoopNest& nest, std::string_view entry) try {
  const detail::FloatEnvironment environment;
  detail::check_enums(nest);
  return detail::CudaEmitter(nest, entry).emit();
} catch (...) {
  detail::rethrow_as_error();
}

std::int64_t block_count(const CudaKernel& kernel, const LoopSpace& space) {
  if (kernel.tile_rows > 0) return space.product_tiles(kernel.tile_rows, kernel.tile_columns);
  return (space.unreduced_extent() + kernel.tile - 1) / kernel.tile;
}

std::span<const std::string_view> cuda_compile_options() { return detail::kOptions; }

}  // namespace sinter
