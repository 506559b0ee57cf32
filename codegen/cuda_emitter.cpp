// LoopNest to CUDA C, statement by statement; everything is decided in the nest.
//
// What a thread does in a step is three parts: it loads all its vectors, computes lane by lane, and
// stores. Vectors in flight are arrays, walked by loops that the compiler unrolls, so that a body
// stands in the text once:
//   w   vectors as loaded, by value      y   vectors to store, by argument
//   k   which vector in flight           j   which lane of it
//   c   what a thread carries, by value  o   what its partner in the team has
// The other names are those of the nest's own text: a buffers, n lengths, s strides, p numbers, i
// loop variables, t index expressions, v values.
#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <numeric>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/codegen/cuda.h>
#include <sinter/ir/assert.h>

#include "cuda_ops.h"
#include "cuda_parameters.h"
#include "cuda_strategy.h"
#include "cuda_text.h"

namespace sinter {
namespace {

constexpr std::array<std::string_view, 4> kOptions{"--fmad=false", "--prec-div=true",
                                                   "--prec-sqrt=true", "--ftz=false"};

class CudaEmitter {
 public:
  CudaEmitter(const LoopNest& nest, std::string_view entry);
  [[nodiscard]] CudaKernel emit();

 private:
  void emit(const Block& block);
  void emit(const Loop& loop);
  void emit(const Load& load);
  void emit(const Compute& compute);
  void emit(const Count& count);
  void emit(const Store& store);
  void emit(const Transpose& transpose);
  void emit(const Fold& fold);
  void emit(const Barrier&) { text_.line("__syncthreads();"); }

  // Loops.
  void emit_blocks(const Loop& loop);
  void emit_teams(const Loop& loop);
  void emit_serial(const Loop& loop);
  void emit_threads(const Loop& loop);
  void open_serial(const Loop& loop);
  void open_elements(const Loop& loop);
  void open_once(const Loop& loop);
  void emit_step(const Loop& loop, const std::string& first);
  void emit_nested(const Loop& loop, const Loop& inner, const std::string& first);
  void emit_vectors(const Loop& loop, const Loop& inner, const std::string& first);
  void emit_masked_step(const Loop& loop, const std::string& first);
  void emit_element(const Loop& loop);
  void begin_vectors(const Loop& loop, const std::string& first, const std::vector<bool>& needed);
  void define_place(const Loop& loop, const std::string& first, const std::vector<bool>& needed);
  [[nodiscard]] bool counts_vectors(const Loop& loop) const;
  void find_varying(const Loop& loop, const Block& block);
  [[nodiscard]] bool varies(const Statement& statement) const;

  // The parts of a step.
  void declare_loads(const Loop& loop, const Block& loads);
  void fetch(const Loop& loop, const Load& load);
  [[nodiscard]] Block fetch_common(const Loop& loop, const Block& block);
  void compute(const Loop& loop, const Loop& inner);
  void compute_lanes(const Loop& loop, const Loop& inner);
  void put(const Loop& loop, const Store& store);
  void for_copies(const Loop& loop, auto&& body);
  void for_lanes(const Loop& loop, auto&& body);

  // What is carried.
  struct Carried {
    std::string name;
    int unroll = 1;
    int lanes = 1;
    int threads = 1;
  };
  void begin_carrying(const Loop& loop);
  [[nodiscard]] Carried declare_carried(const Loop& loop, const Carry& carry);
  void carry_on(const Loop& loop);
  void combine(const Fold& fold, const std::string& into, const std::string& other);

  // Words.
  [[nodiscard]] std::string own_place(const Loop& loop) const;
  [[nodiscard]] std::string sum(IndexId from, const std::string& own) const;
  [[nodiscard]] std::string storing_thread() const;
  [[nodiscard]] std::string vector_type(DType dtype, int lanes);
  [[nodiscard]] std::string loaded_type(const Loop& loop, const Load& load);
  [[nodiscard]] std::string loaded(const Loop& loop, const Load& load) const;
  [[nodiscard]] std::string element(std::uint8_t argument, IndexId offset) const;
  [[nodiscard]] std::string lane_element(std::uint8_t argument, IndexId offset,
                                         IndexId stride) const;
  void define(ValueId id, std::string_view expression);

  const LoopNest& nest_;
  CudaKernel kernel_;
  detail::CudaText text_;
  detail::CudaHelpers helpers_;
  std::map<std::string, std::string> types_;  // of vectors, by name
  std::vector<std::string> values_;           // [value] what stands for it
  std::vector<bool> varying_;                 // [value] differs from lane to lane
  std::vector<bool> common_;                  // [value] loaded once for all vectors in flight
  std::vector<Carried> carried_;              // [value] of what has the lanes of a loop
  int team_ = 0;                              // threads of the team loop around, if there is one
  bool in_thread_ = false;                    // a thread loop is around
};

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

// --- Words ---------------------------------------------------------------------------------------

std::string CudaEmitter::vector_type(DType dtype, int lanes) {
  const std::string_view element = detail::cuda_memory_type(dtype);
  if (lanes == 1) return std::string(element);
  const std::string name = fmt::format("{}x{}", to_string(dtype), lanes);
  types_[name] = fmt::format("struct alignas({}) {} {{ {} at[{}]; }};\n", lanes * info(dtype).bytes,
                             name, element, lanes);
  return name;
}

std::string CudaEmitter::element(std::uint8_t argument, IndexId offset) const {
  return fmt::format("a{}[{}]", argument, text_.text(offset));
}

std::string CudaEmitter::lane_element(std::uint8_t argument, IndexId offset, IndexId stride) const {
  return fmt::format("a{}[{} + j * {}]", argument, text_.summand(offset), text_.term(stride));
}

std::string CudaEmitter::loaded_type(const Loop& loop, const Load& load) {
  return vector_type(nest_.dtype(load.result), varying_[load.result.index] ? loop.lanes : 1);
}

/// What was loaded for the vector at hand.
std::string CudaEmitter::loaded(const Loop& loop, const Load& load) const {
  const bool several = loop.unroll > 1 && !common_[load.result.index];
  return fmt::format("w{}{}", load.result.index, several ? "[k]" : "");
}

void CudaEmitter::define(ValueId id, std::string_view expression) {
  values_[id.index] = fmt::format("v{}", id.index);
  text_.line(
      fmt::format("const {} v{} = {};", detail::cuda_type(nest_.dtype(id)), id.index, expression));
}

std::string_view mask_test(DType dtype) { return dtype == DType::boolean ? " != 0" : ""; }

// --- Statements ----------------------------------------------------------------------------------

/// An element that is the same in every lane.
void CudaEmitter::emit(const Load& load) {
  define(load.result, fmt::format("{}{}", element(load.argument, load.offset),
                                  mask_test(nest_.dtype(load.result))));
}

void CudaEmitter::emit(const Compute& compute) {
  const DType to = nest_.dtype(compute.result);
  if (compute.op == Op::constant) {
    values_[compute.result.index] =
        detail::cuda_literal(std::bit_cast<double>(compute.payload), to);
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
         detail::cuda_expression(compute.op, from, to,
                                 std::span(operands).first(compute.operand_count), helpers_));
}

void CudaEmitter::emit(const Count& count) {
  const std::string_view lane = varying_[count.result.index] ? " + j" : "";
  const std::string_view type = detail::cuda_type(nest_.dtype(count.result));
  define(count.result, fmt::format("({})({}{})", type, text_.summand(count.from), lane));
}

/// Of a loop with one lane, or of what threads have in common: one of them stores it.
void CudaEmitter::emit(const Store& store) {
  text_.line(fmt::format("{}{} = {};", storing_thread(), element(store.argument, store.offset),
                         values_[store.value.index]));
}

std::string CudaEmitter::storing_thread() const {
  if (in_thread_) return "";
  return team_ > 0 ? fmt::format("if (threadIdx.x % {} == 0) ", team_) : "if (threadIdx.x == 0) ";
}

void CudaEmitter::emit(const Transpose&) {
  SINTER_ASSERT(false, "tiles in memory of their own are for a CPU");
}

void CudaEmitter::combine(const Fold& fold, const std::string& into, const std::string& other) {
  const DType dtype = nest_.dtype(fold.result);
  const std::array operands{into, other};
  text_.line(fmt::format("{} = {};", into,
                         detail::cuda_expression(fold.op, dtype, dtype, operands, helpers_)));
}

/// The vectors in flight of a thread lie furthest apart, then the threads, then lanes.
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
  SINTER_ASSERT(all.threads == detail::kTeam, "a team folds what it carries");
  const DType dtype = nest_.dtype(fold.result);
  halve(count, all.lanes);
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int h = {}; h > 0; h /= 2)", all.threads / 2));
  for (int i = 0; i < all.lanes; ++i) {
    const std::string other = fmt::format("o{}", i);
    text_.line(fmt::format(
        "const {} {} = {};", detail::cuda_type(dtype), other,
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

/// Of a team or a thread among those that share a loop.
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
  carry_on(loop);
  text_.close();
}

void CudaEmitter::emit_threads(const Loop& loop) {
  const std::string own = own_place(loop);
  text_.name_variable(loop.variable);
  const std::string from = text_.summand(loop.from);
  const std::string to = text_.term(loop.to);
  for (const Carry& carry : loop.carried) varying_[carry.value.index] = loop.lanes > 1;
  find_varying(loop, loop.body);
  in_thread_ = true;
  const bool single = loop.lanes == 1 && loop.unroll == 1 && loop.limits.empty();
  // Copies of a body cost time to compile, and gain nothing where loads do not pass stores.
  if (!loop.once) text_.line(fmt::format("#pragma unroll {}", loop.ahead));
  if (loop.masked && single) {
    open_elements(loop);
    emit_step(loop, "");
  } else if (loop.once) {
    open_once(loop);
    if (loop.masked)
      emit_masked_step(loop, sum(loop.from, own));
    else
      emit_step(loop, sum(loop.from, own));
  } else {
    text_.open(fmt::format("for ({} step = {}; step < {}; step += {})", text_.index_type(), from,
                           to, loop.step()));
    if (loop.masked)
      emit_masked_step(loop, fmt::format("step + {}", own));
    else
      emit_step(loop, fmt::format("step + {}", own));
  }
  text_.close();
  in_thread_ = false;
}

/// Of threads that have one element at a time, each tests its own.
void CudaEmitter::open_elements(const Loop& loop) {
  const std::string first = fmt::format("{} {} = {}", text_.index_type(), text_.text(loop.variable),
                                        sum(loop.from, own_place(loop)));
  const std::string test = fmt::format("{} < {}", text_.text(loop.variable), text_.term(loop.to));
  text_.open(loop.once ? fmt::format("if (const {}; {})", first, test)
                       : fmt::format("for ({}; {}; {} += {})", first, test,
                                     text_.text(loop.variable), loop.step()));
}

/// What is known to cover a step needs no test.
void CudaEmitter::open_once(const Loop& loop) {
  const Index& from = nest_.index(loop.from);
  const Index& to = nest_.index(loop.to);
  const bool known = from.op == IndexOp::constant && to.op == IndexOp::constant;
  const bool whole = known && from.immediate < to.immediate;
  text_.open(whole ? ""
                   : fmt::format("if ({} < {})", text_.summand(loop.from), text_.term(loop.to)));
}

/// Values whose lanes differ are made in the loops over lanes.
void CudaEmitter::find_varying(const Loop& loop, const Block& block) {
  for (const Statement& statement : block) {
    if (const Loop* inner = std::get_if<Loop>(&statement)) {
      for (const Carry& carry : inner->carried) varying_[carry.value.index] = loop.lanes > 1;
      find_varying(loop, inner->body);
      continue;
    }
    const bool varying = loop.lanes > 1 && varies(statement);
    const auto mark = [&](const auto& one) {
      if constexpr (requires { one.result; }) varying_[one.result.index] = varying;
    };
    std::visit(mark, statement);
  }
}

bool CudaEmitter::varies(const Statement& statement) const {
  if (const Load* load = std::get_if<Load>(&statement)) return load->lanes != LaneStride::uniform;
  if (const Count* count = std::get_if<Count>(&statement)) {
    return count->lanes != LaneStride::uniform;
  }
  const Compute* compute = std::get_if<Compute>(&statement);
  return compute != nullptr &&
         std::ranges::any_of(compute->inputs(), [this](ValueId id) { return varying_[id.index]; });
}

/// A scope that stands for each vector in flight.
void CudaEmitter::for_copies(const Loop& loop, auto&& body) {
  const std::vector<std::string> outside = text_.scope();
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int k = 0; k < {}; ++k)", loop.unroll));
  body();
  text_.close();
  text_.restore(outside);
}

void CudaEmitter::for_lanes(const Loop& loop, auto&& body) {
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int j = 0; j < {}; ++j)", loop.lanes));
  body();
  text_.close();
}

/// Whether the outermost digit tells the vectors in flight apart, and nothing else does.
bool CudaEmitter::counts_vectors(const Loop& loop) const {
  if (loop.unroll == 1 || !loop.once || loop.digits.size() < 2) return false;
  std::int64_t places = 1;
  for (const Digit& digit : std::span(loop.digits).subspan(1)) {
    const Index& radix = nest_.index(digit.radix);
    if (radix.op != IndexOp::constant) return false;
    places *= radix.immediate;
  }
  return nest_.index(loop.from) == Index{} && places == loop.threads * loop.lanes &&
         !text_.needed(loop.body, loop.limits)[loop.variable.index];
}

/// What the vectors in flight have in common. `first` is where the first one begins.
void CudaEmitter::begin_vectors(const Loop& loop, const std::string& first,
                                const std::vector<bool>& needed) {
  if (!counts_vectors(loop)) return;
  text_.define_digits(std::span(loop.digits).subspan(1), first, needed);
  text_.define(needed);
}

/// The variable of the loop, and all that follows from it and is needed. `first` is where the first
/// vector in flight begins; empty where the variable says so itself.
void CudaEmitter::define_place(const Loop& loop, const std::string& first,
                               const std::vector<bool>& needed) {
  if (counts_vectors(loop)) {
    text_.set_variable(loop.digits.front().variable, "k");
    return text_.define(needed);
  }
  if (!first.empty()) {
    const std::string copy =
        loop.unroll > 1 ? fmt::format(" + k * {}", loop.threads * loop.lanes) : "";
    text_.line(fmt::format("const {} {} = {}{};", text_.index_type(),
                           text_.name_variable(loop.variable), first, copy));
  }
  text_.define_digits(loop, needed);
  text_.define(needed);
}

// --- The parts of a step -------------------------------------------------------------------------

void CudaEmitter::emit_step(const Loop& loop, const std::string& first) {
  const auto inner = std::ranges::find_if(
      loop.body, [](const Statement& one) { return std::holds_alternative<Loop>(one); });
  if (inner == loop.body.end()) return emit_vectors(loop, loop, first);
  if (!first.empty()) return emit_nested(loop, std::get<Loop>(*inner), first);
  text_.define_digits(loop, text_.needed(loop.body));
  emit(loop.body);
}

/// All vectors in flight go through the steps of `inner` together.
void CudaEmitter::emit_nested(const Loop& loop, const Loop& inner, const std::string& first) {
  const std::vector<bool> needed = text_.needed(loop.body);
  SINTER_ASSERT(loop.unroll == 1 || counts_vectors(loop), "a digit counts the vectors in flight");
  if (loop.unroll == 1)
    define_place(loop, first, needed);
  else
    begin_vectors(loop, first, needed);
  begin_carrying(inner);
  const std::vector<std::string> outside = text_.scope();
  open_serial(inner);
  emit_vectors(loop, inner, first);
  text_.close();
  text_.restore(outside);
}

/// The vectors of a thread through the statements of `inner`: the loop itself, or the one in it.
void CudaEmitter::emit_vectors(const Loop& loop, const Loop& inner, const std::string& first) {
  const std::vector<bool> needed = text_.needed(inner.body);
  if (&inner != &loop)
    text_.define(needed);
  else if (loop.unroll == 1)
    define_place(loop, first, needed);
  else
    begin_vectors(loop, first, needed);
  const Block own = fetch_common(loop, inner.body);
  if (loop.unroll == 1) return compute(loop, inner);
  Block rest;
  std::ranges::remove_copy_if(inner.body, std::back_inserter(rest), [](const Statement& one) {
    return std::holds_alternative<Load>(one);
  });
  if (!own.empty()) {
    declare_loads(loop, own);
    for_copies(loop, [&] {
      define_place(loop, first, text_.needed(own));
      for (const Statement& statement : own) fetch(loop, std::get<Load>(statement));
    });
  }
  for_copies(loop, [&] {
    define_place(loop, first, text_.needed(rest));
    compute(loop, inner);
  });
}

/// Loads that are the same for all vectors in flight, since their place is known by now; returns
/// the others.
Block CudaEmitter::fetch_common(const Loop& loop, const Block& block) {
  Block own;
  const bool counted = counts_vectors(loop);
  for (const Statement& statement : block) {
    const Load* load = std::get_if<Load>(&statement);
    if (load == nullptr) continue;
    const bool common = counted && !text_.text(load->offset).empty();
    common_[load->result.index] = common;
    if (common || loop.unroll == 1)
      fetch(loop, *load);
    else
      own.push_back(statement);
  }
  return own;
}

/// Element by element, each with its own test.
void CudaEmitter::emit_masked_step(const Loop& loop, const std::string& first) {
  std::vector<Limit> limits = loop.limits;
  if (limits.empty()) limits.push_back({loop.variable, loop.to, true});
  const auto element = [&] {
    std::vector<std::string> tests;
    for (const auto& [place, end, by_lane] : limits) {
      const std::string lane = by_lane && loop.lanes > 1 ? " + j" : "";
      tests.push_back(fmt::format("{}{} < {}", text_.summand(place), lane, text_.term(end)));
    }
    text_.open(fmt::format("if ({})", fmt::join(tests, " && ")));
    emit_element(loop);
    carry_on(loop);
    text_.close();
  };
  const std::vector<bool> needed = text_.needed(loop.body, loop.limits);
  const auto vector = [&] {
    define_place(loop, first, needed);
    if (loop.lanes == 1) return element();
    for_lanes(loop, element);
  };
  if (loop.unroll == 1) return vector();
  begin_vectors(loop, first, needed);
  for_copies(loop, vector);
}

void CudaEmitter::emit_element(const Loop& loop) {
  for (const Statement& statement : loop.body) {
    const Load* load = std::get_if<Load>(&statement);
    const Store* store = std::get_if<Store>(&statement);
    if (load != nullptr && varying_[load->result.index]) {
      define(load->result, lane_element(load->argument, load->offset, load->lane_stride) +
                               std::string(mask_test(nest_.dtype(load->result))));
    } else if (store != nullptr && loop.lanes > 1) {
      text_.line(fmt::format("{} = {};",
                             lane_element(store->argument, store->offset, store->lane_stride),
                             values_[store->value.index]));
    } else {
      std::visit([this](const auto& one) { emit(one); }, statement);
    }
  }
}

/// The vectors in flight: loaded in one scope, used in another.
void CudaEmitter::declare_loads(const Loop& loop, const Block& loads) {
  for (const Statement& statement : loads) {
    const Load& load = std::get<Load>(statement);
    text_.line(fmt::format("{} w{}[{}];", loaded_type(loop, load), load.result.index, loop.unroll));
  }
}

void CudaEmitter::fetch(const Loop& loop, const Load& load) {
  const std::string to = loaded(loop, load);
  const std::string type = loaded_type(loop, load);
  const bool single = loop.unroll == 1 || common_[load.result.index];
  const std::string constant = single ? fmt::format("const {} ", type) : "";
  if (!varying_[load.result.index]) {
    if (single) return emit(load);
    text_.line(fmt::format("{} = {};", to, element(load.argument, load.offset)));
  } else if (load.lanes == LaneStride::contiguous) {
    text_.line(fmt::format("{}{} = *(const {}*)(a{} + {});", constant, to, type, load.argument,
                           text_.summand(load.offset)));
  } else {
    if (single) text_.line(fmt::format("{} {};", type, to));
    for_lanes(loop, [&] {
      text_.line(fmt::format("{}.at[j] = {};", to,
                             lane_element(load.argument, load.offset, load.lane_stride)));
    });
  }
}

/// What is the same in every lane, then what is not, then the stores.
void CudaEmitter::compute(const Loop& loop, const Loop& inner) {
  for (const Statement& statement : inner.body) {
    if (const Load* load = std::get_if<Load>(&statement)) {
      const bool defined = loop.unroll == 1 || common_[load->result.index];
      if (varying_[load->result.index] || defined) continue;
      define(load->result, loaded(loop, *load) + std::string(mask_test(nest_.dtype(load->result))));
    } else if (const Compute* compute = std::get_if<Compute>(&statement)) {
      if (!varying_[compute->result.index]) emit(*compute);
    } else if (const Count* count = std::get_if<Count>(&statement)) {
      if (!varying_[count->result.index]) emit(*count);
    }
  }
  if (loop.lanes > 1)
    compute_lanes(loop, inner);
  else
    carry_on(inner);
  for (const Statement& statement : inner.body) {
    if (const Store* store = std::get_if<Store>(&statement)) put(loop, *store);
  }
}

void CudaEmitter::compute_lanes(const Loop& loop, const Loop& inner) {
  for (const Statement& statement : inner.body) {
    const Store* store = std::get_if<Store>(&statement);
    if (store == nullptr) continue;
    text_.line(fmt::format("{} y{};", vector_type(nest_.dtype(store->value), loop.lanes),
                           store->argument));
  }
  for_lanes(loop, [&] {
    for (const Statement& statement : inner.body) {
      if (const Load* load = std::get_if<Load>(&statement)) {
        if (!varying_[load->result.index]) continue;
        define(load->result, fmt::format("{}.at[j]{}", loaded(loop, *load),
                                         mask_test(nest_.dtype(load->result))));
      } else if (const Compute* compute = std::get_if<Compute>(&statement)) {
        if (varying_[compute->result.index]) emit(*compute);
      } else if (const Count* count = std::get_if<Count>(&statement)) {
        if (varying_[count->result.index]) emit(*count);
      } else if (const Store* store = std::get_if<Store>(&statement)) {
        text_.line(fmt::format("y{}.at[j] = {};", store->argument, values_[store->value.index]));
      }
    }
    carry_on(inner);
  });
}

void CudaEmitter::put(const Loop& loop, const Store& store) {
  if (loop.lanes == 1) return emit(store);
  if (store.lanes == LaneStride::contiguous) {
    text_.line(fmt::format("*({}*)(a{} + {}) = y{};",
                           vector_type(nest_.dtype(store.value), loop.lanes), store.argument,
                           text_.summand(store.offset), store.argument));
    return;
  }
  for_lanes(loop, [&] {
    text_.line(fmt::format("{} = y{}.at[j];",
                           lane_element(store.argument, store.offset, store.lane_stride),
                           store.argument));
  });
}

// --- What is carried -----------------------------------------------------------------------------

/// The loop whose lanes are carried: of a serial one around thread loops, that inside which goes on
/// with them.
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

/// Variables of the thread's own, with what they are at first.
CudaEmitter::Carried CudaEmitter::declare_carried(const Loop& loop, const Carry& carry) {
  constexpr int kInOneLine = 16;
  const Loop& of = lanes_of(loop, carry);
  const int count = of.unroll * of.lanes;
  const Carried made{fmt::format("c{}", carry.value.index), of.unroll, of.lanes, of.threads};
  const std::string& first = values_[carry.first.index];
  const std::string_view type = detail::cuda_type(nest_.dtype(carry.value));
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

/// Where lanes go on from another loop, the variables are those that it had.
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

void CudaEmitter::carry_on(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    const std::string& value = values_[carry.value.index];
    const std::string& next = values_[carry.next.index];
    if (value != next) text_.line(fmt::format("{} = {};", value, next));
  }
}

// --- The kernel around it ------------------------------------------------------------------------

CudaKernel CudaEmitter::emit() {
  const auto loop = std::ranges::find_if(nest_.body, [](const Statement& statement) {
    return std::holds_alternative<Loop>(statement);
  });
  SINTER_ASSERT(loop != nest_.body.end(), "a nest has a loop");
  kernel_.threads = std::get<Loop>(*loop).threads;
  kernel_.tile_rows = nest_.tile_rows;
  kernel_.tile_columns = nest_.tile_columns;
  kernel_.parameters = detail::cuda_parameters(nest_);
  text_.open(detail::cuda_head(nest_, kernel_));
  // Of a tile, threads read rows and columns that lie next to each other at once.
  const std::string_view by_vectors = nest_.tile_rows > 0 ? "alignas(16) " : "";
  for (std::size_t i = 0; i < nest_.arguments.size(); ++i) {
    const auto& [dtype, output, local] = nest_.arguments[i];
    if (local == 0) continue;
    text_.line(fmt::format("{}__shared__ {} a{}[{}];", by_vectors, detail::cuda_memory_type(dtype),
                           i, local));
  }
  emit(nest_.body);
  text_.close();
  kernel_.source = fmt::format("// Bits depend on {}\n\n", fmt::join(kOptions, " "));
  for (const auto& [name, type] : types_) kernel_.source += type;
  if (!types_.empty()) kernel_.source += "\n";
  kernel_.source += helpers_.definitions() + text_.take();
  return std::move(kernel_);
}

}  // namespace

CudaKernel emit_cuda(const LoopNest& nest, std::string_view entry) {
  return CudaEmitter(nest, entry).emit();
}

std::int64_t block_count(const CudaKernel& kernel, const LoopSpace& space) {
  const auto parts = [](std::int64_t extent, std::int64_t size) {
    return (extent + size - 1) / size;
  };
  if (kernel.tile_rows == 0) return parts(space.unreduced_extent(), kernel.tile);
  const auto rows = space.extents.end() - 2;
  const std::int64_t matrices =
      std::accumulate(space.extents.begin() + 1, rows, std::int64_t{1}, std::multiplies<>());
  return matrices * parts(rows[0], kernel.tile_rows) * parts(rows[1], kernel.tile_columns);
}

std::span<const std::string_view> cuda_compile_options() { return kOptions; }

}  // namespace sinter
