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
#include <map>
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
  void emit_step(const Loop& loop, const std::string& first);
  void emit_masked_step(const Loop& loop, const std::string& first);
  void emit_element(const Loop& loop);
  void define_place(const Loop& loop, const std::string& first, const Block& block);
  void find_varying(const Loop& loop);
  [[nodiscard]] bool varies(const Statement& statement) const;

  // The parts of a step.
  void declare_loads(const Loop& loop, const Block& loads);
  void fetch(const Loop& loop, const Load& load);
  void compute(const Loop& loop);
  void compute_lanes(const Loop& loop);
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
  std::vector<Carried> carried_;              // [value] of what has the lanes of a loop
  int team_ = 0;                              // threads of the team loop around, if there is one
  bool in_thread_ = false;                    // a thread loop is around
};

CudaEmitter::CudaEmitter(const LoopNest& nest, std::string_view entry)
    : nest_(nest),
      text_(nest),
      values_(nest.values.size()),
      varying_(nest.values.size()),
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
  return fmt::format("w{}{}", load.result.index, loop.unroll > 1 ? "[k]" : "");
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

void CudaEmitter::emit_serial(const Loop& loop) {
  const std::string& name = text_.name_variable(loop.variable);
  text_.line(fmt::format("#pragma unroll {}", loop.ahead));
  text_.open(fmt::format("for ({0} {1} = {2}; {1} < {3}; ++{1})", text_.index_type(), name,
                         text_.text(loop.from), text_.term(loop.to)));
  text_.define_digits(loop, text_.needed(loop.body));
  emit(loop.body);
  carry_on(loop);
  text_.close();
}

void CudaEmitter::emit_threads(const Loop& loop) {
  const std::string own = own_place(loop);
  const std::string& name = text_.name_variable(loop.variable);
  const std::string from = text_.summand(loop.from);
  const std::string to = text_.term(loop.to);
  find_varying(loop);
  in_thread_ = true;
  const bool single = loop.lanes == 1 && loop.unroll == 1;
  // Copies of a body cost time to compile, and gain nothing where loads do not pass stores.
  if (!loop.once) text_.line(fmt::format("#pragma unroll {}", loop.ahead));
  if (loop.masked && single && loop.once) {
    text_.open(fmt::format("if (const {0} {1} = {2}; {1} < {3})", text_.index_type(), name,
                           sum(loop.from, own), to));
    emit_step(loop, "");
  } else if (loop.masked && single) {
    text_.open(fmt::format("for ({4} {0} = {1}; {0} < {2}; {0} += {3})", name, sum(loop.from, own),
                           to, loop.step(), text_.index_type()));
    emit_step(loop, "");
  } else if (loop.once) {
    text_.open(fmt::format("if ({} < {})", from, to));
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

/// Values whose lanes differ are made in the loops over lanes.
void CudaEmitter::find_varying(const Loop& loop) {
  for (const Carry& carry : loop.carried) varying_[carry.value.index] = loop.lanes > 1;
  for (const Statement& statement : loop.body) {
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

/// The variable of the loop, and all that follows from it and is used in `block`. `first` is where
/// the first vector in flight begins; empty where the variable says so itself.
void CudaEmitter::define_place(const Loop& loop, const std::string& first, const Block& block) {
  const std::vector<bool> needed = text_.needed(block);
  if (!first.empty()) {
    const std::string copy =
        loop.unroll > 1 ? fmt::format(" + k * {}", loop.threads * loop.lanes) : "";
    text_.line(fmt::format("const {} {} = {}{};", text_.index_type(), text_.text(loop.variable),
                           first, copy));
  }
  text_.define_digits(loop, needed);
  text_.define(needed);
}

// --- The parts of a step -------------------------------------------------------------------------

void CudaEmitter::emit_step(const Loop& loop, const std::string& first) {
  const bool is_nest = std::ranges::any_of(
      loop.body, [](const Statement& one) { return std::holds_alternative<Loop>(one); });
  if (is_nest) {
    text_.define_digits(loop, text_.needed(loop.body));
    return emit(loop.body);
  }
  const auto is_load = [](const Statement& one) { return std::holds_alternative<Load>(one); };
  Block loads;
  std::ranges::copy_if(loop.body, std::back_inserter(loads), is_load);
  const auto fetch_all = [&] {
    for (const Statement& statement : loads) fetch(loop, std::get<Load>(statement));
  };
  if (loop.unroll == 1) {
    define_place(loop, first, loop.body);
    fetch_all();
    compute(loop);
    return;
  }
  Block rest;
  std::ranges::remove_copy_if(loop.body, std::back_inserter(rest), is_load);
  declare_loads(loop, loads);
  if (!loads.empty()) {
    for_copies(loop, [&] {
      define_place(loop, first, loads);
      fetch_all();
    });
  }
  for_copies(loop, [&] {
    define_place(loop, first, rest);
    compute(loop);
  });
}

/// Element by element, each with its own test.
void CudaEmitter::emit_masked_step(const Loop& loop, const std::string& first) {
  const auto element = [&](const std::string& place) {
    text_.open(fmt::format("if ({} < {})", place, text_.term(loop.to)));
    emit_element(loop);
    carry_on(loop);
    text_.close();
  };
  const auto vector = [&] {
    define_place(loop, first, loop.body);
    const std::string place = text_.text(loop.variable);
    if (loop.lanes == 1) return element(place);
    for_lanes(loop, [&] { element(place + " + j"); });
  };
  if (loop.unroll == 1) return vector();
  for_copies(loop, vector);
}

void CudaEmitter::emit_element(const Loop& loop) {
  for (const Statement& statement : loop.body) {
    const Load* load = std::get_if<Load>(&statement);
    if (load == nullptr || !varying_[load->result.index]) {
      std::visit([this](const auto& one) { emit(one); }, statement);
      continue;
    }
    define(load->result, lane_element(load->argument, load->offset, load->lane_stride) +
                             std::string(mask_test(nest_.dtype(load->result))));
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
  const std::string constant = loop.unroll == 1 ? fmt::format("const {} ", type) : "";
  if (!varying_[load.result.index]) {
    if (loop.unroll == 1) return emit(load);
    text_.line(fmt::format("{} = {};", to, element(load.argument, load.offset)));
  } else if (load.lanes == LaneStride::contiguous) {
    text_.line(fmt::format("{}{} = *(const {}*)(a{} + {});", constant, to, type, load.argument,
                           text_.summand(load.offset)));
  } else {
    if (loop.unroll == 1) text_.line(fmt::format("{} {};", type, to));
    for_lanes(loop, [&] {
      text_.line(fmt::format("{}.at[j] = {};", to,
                             lane_element(load.argument, load.offset, load.lane_stride)));
    });
  }
}

/// What is the same in every lane, then what is not, then the stores.
void CudaEmitter::compute(const Loop& loop) {
  for (const Statement& statement : loop.body) {
    if (const Load* load = std::get_if<Load>(&statement)) {
      if (varying_[load->result.index] || loop.unroll == 1) continue;
      define(load->result, loaded(loop, *load) + std::string(mask_test(nest_.dtype(load->result))));
    } else if (const Compute* compute = std::get_if<Compute>(&statement)) {
      if (!varying_[compute->result.index]) emit(*compute);
    } else if (const Count* count = std::get_if<Count>(&statement)) {
      if (!varying_[count->result.index]) emit(*count);
    }
  }
  if (loop.lanes > 1)
    compute_lanes(loop);
  else
    carry_on(loop);
  for (const Statement& statement : loop.body) {
    if (const Store* store = std::get_if<Store>(&statement)) put(loop, *store);
  }
}

void CudaEmitter::compute_lanes(const Loop& loop) {
  for (const Statement& statement : loop.body) {
    const Store* store = std::get_if<Store>(&statement);
    if (store == nullptr) continue;
    text_.line(fmt::format("{} y{};", vector_type(nest_.dtype(store->value), loop.lanes),
                           store->argument));
  }
  for_lanes(loop, [&] {
    for (const Statement& statement : loop.body) {
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
    carry_on(loop);
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

/// Variables of the thread's own; where lanes go on from an earlier loop, the ones that it had.
void CudaEmitter::begin_carrying(const Loop& loop) {
  const int count = loop.unroll * loop.lanes;
  for (const Carry& carry : loop.carried) {
    Carried lanes = carried_[carry.first.index];
    if (lanes.name.empty()) {
      lanes = {fmt::format("c{}", carry.value.index), loop.unroll, loop.lanes, loop.threads};
      const std::vector<std::string> first(static_cast<std::size_t>(count),
                                           values_[carry.first.index]);
      const std::string_view type = detail::cuda_type(nest_.dtype(carry.value));
      const std::string values = fmt::format("{}", fmt::join(first, ", "));
      text_.line(count == 1 ? fmt::format("{} {} = {};", type, lanes.name, values)
                            : fmt::format("{} {}[] = {{{}}};", type, lanes.name, values));
    }
    const std::string k = loop.lanes == 1 ? "k" : fmt::format("k * {} + j", loop.lanes);
    const std::string element = fmt::format("{}[{}]", lanes.name, loop.unroll == 1 ? "j" : k);
    values_[carry.value.index] = count == 1 ? lanes.name : element;
    values_[carry.result.index] = lanes.name;
    if (loop.has_lanes()) carried_[carry.result.index] = lanes;
  }
}

void CudaEmitter::carry_on(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    text_.line(fmt::format("{} = {};", values_[carry.value.index], values_[carry.next.index]));
  }
}

// --- The kernel around it ------------------------------------------------------------------------

CudaKernel CudaEmitter::emit() {
  const auto loop = std::ranges::find_if(nest_.body, [](const Statement& statement) {
    return std::holds_alternative<Loop>(statement);
  });
  SINTER_ASSERT(loop != nest_.body.end(), "a nest has a loop");
  kernel_.threads = std::get<Loop>(*loop).threads;
  kernel_.parameters = detail::cuda_parameters(nest_);
  text_.open(detail::cuda_head(nest_, kernel_));
  for (std::size_t i = 0; i < nest_.arguments.size(); ++i) {
    const auto& [dtype, output, local] = nest_.arguments[i];
    if (local == 0) continue;
    text_.line(fmt::format("__shared__ {} a{}[{}];", detail::cuda_memory_type(dtype), i, local));
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

std::span<const std::string_view> cuda_compile_options() { return kOptions; }

}  // namespace sinter
