// CudaEmitter: thread loops. A step computes full vectors, or single elements with a test each if
// the loop is masked.
#include <algorithm>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/assert.h>

#include "cuda/emitter.h"

namespace sinter::detail {

// --- Texts ---------------------------------------------------------------------------------------

std::string CudaEmitter::vector_type(DType dtype, int lanes) {
  const std::string_view element = cuda_memory_type(dtype);
  if (lanes == 1) return std::string(element);
  const std::string name = fmt::format("{}x{}", to_string(dtype), lanes);
  types_[name] = fmt::format("struct alignas({}) {} {{ {} at[{}]; }};\n", lanes * info(dtype).bytes,
                             name, element, lanes);
  return name;
}

std::string CudaEmitter::lane_element(std::uint8_t argument, IndexId offset, IndexId stride) const {
  return fmt::format("a{}[{} + j * {}]", argument, text_.summand(offset), text_.term(stride));
}

std::string CudaEmitter::loaded_type(const Loop& loop, const Load& load) {
  return vector_type(nest_.dtype(load.result), varying_[load.result.index] ? loop.lanes : 1);
}

/// The variable that holds what `load` has loaded for the current vector.
std::string CudaEmitter::loaded(const Loop& loop, const Load& load) const {
  const bool several = loop.unroll > 1 && !common_[load.result.index];
  return fmt::format("w{}{}", load.result.index, several ? "[k]" : "");
}

// --- Thread loops --------------------------------------------------------------------------------

void CudaEmitter::emit_threads(const Loop& loop) {
  const std::string own = own_place(loop);
  text_.name_variable(loop.variable);
  const std::string from = text_.summand(loop.from);
  const std::string to = text_.term(loop.to);
  for (const Carry& carry : loop.carried) varying_[carry.value.index] = loop.lanes > 1;
  find_varying(loop, loop.body);
  in_thread_ = true;
  const bool single = loop.lanes == 1 && loop.unroll == 1 && loop.limits.empty();
  // Unrolled bodies take longer to compile, and gain nothing unless loads may pass stores.
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

/// Opens a masked loop in which a thread has one element at a time and tests it. An end that is the
/// minimum of two becomes two tests: for a loop with a single test NVRTC computes the trip count,
/// which takes a fifteenth of the time to compile a small kernel.
void CudaEmitter::open_elements(const Loop& loop) {
  const std::string& at = text_.text(loop.variable);
  const std::string first =
      fmt::format("{} {} = {}", text_.index_type(), at, sum(loop.from, own_place(loop)));
  const Index& to = nest_.index(loop.to);
  const std::string test =
      to.op == IndexOp::min
          ? fmt::format("{0} < {1} && {0} < {2}", at, text_.summand(to.a), text_.summand(to.b))
          : fmt::format("{} < {}", at, text_.term(loop.to));
  text_.open(loop.once ? fmt::format("if (const {}; {})", first, test)
                       : fmt::format("for ({}; {}; {} += {})", first, test, at, loop.step()));
}

/// Opens a loop of at most one step, without a test if constants show that the step happens.
void CudaEmitter::open_once(const Loop& loop) {
  const Index& from = nest_.index(loop.from);
  const Index& to = nest_.index(loop.to);
  const bool known = from.op == IndexOp::constant && to.op == IndexOp::constant;
  const bool whole = known && from.immediate < to.immediate;
  text_.open(whole ? ""
                   : fmt::format("if ({} < {})", text_.summand(loop.from), text_.term(loop.to)));
}

/// Sets varying_ for all values of `block`. Values that vary are computed in loops over lanes.
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

/// Emits a loop over the vectors in flight, k, around what `body` emits.
void CudaEmitter::for_copies(const Loop& loop, auto&& body) {
  const std::vector<std::string> outside = text_.scope();
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int k = 0; k < {}; ++k)", loop.unroll));
  body();
  text_.close();
  text_.restore(outside);
}

/// Emits a loop over the lanes, j, around what `body` emits.
void CudaEmitter::for_lanes(const Loop& loop, auto&& body) {
  text_.line("#pragma unroll");
  text_.open(fmt::format("for (int j = 0; j < {}; ++j)", loop.lanes));
  body();
  text_.close();
}

/// True if the outermost digit is the number of the vector in flight, k: the other digits are the
/// same for all vectors, and no statement uses the loop variable itself.
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

/// Defines the indices that all vectors in flight share. `first` is where the first one begins.
void CudaEmitter::begin_vectors(const Loop& loop, const std::string& first,
                                const std::vector<bool>& needed) {
  if (!counts_vectors(loop)) return;
  text_.define_digits(std::span(loop.digits).subspan(1), first, needed);
  text_.define(needed);
}

/// Defines the variable of the loop and the needed indices that depend on it. `first` is where the
/// first vector in flight begins; empty if the variable is defined already.
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

/// Emits a thread loop that contains a serial loop, `inner`. In each iteration of `inner`, a thread
/// computes all its vectors in flight.
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

/// Emits the statements of `inner` for the vectors in flight of a thread. `inner` is `loop` itself,
/// or the serial loop in it.
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

/// Emits the loads that all vectors in flight share: those whose offset is known before the loop
/// over the vectors. With a single vector in flight, emits all loads. Returns the other loads.
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

/// Emits a step element by element, with a test for each element.
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
    assign_carried(loop);
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

/// Declares arrays for loaded vectors: they are loaded in one scope and used in another.
void CudaEmitter::declare_loads(const Loop& loop, const Block& loads) {
  for (const Statement& statement : loads) {
    const Load& load = std::get<Load>(statement);
    text_.line(fmt::format("{} w{}[{}];", loaded_type(loop, load), load.result.index, loop.unroll));
  }
}

/// Emits a load into the variable of the current vector, lane by lane if the lanes are not
/// contiguous.
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

/// Emits the uniform values first, then the values that vary with the lane, then the stores.
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
    assign_carried(inner);
  for (const Statement& statement : inner.body) {
    if (const Store* store = std::get_if<Store>(&statement)) store_vector(loop, *store);
  }
}

/// Emits the loop over lanes. It computes the values that vary with the lane, and collects the
/// values to store in vectors y.
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
    assign_carried(inner);
  });
}

/// Stores a vector, or its lanes one by one if they are not contiguous.
void CudaEmitter::store_vector(const Loop& loop, const Store& store) {
  if (loop.lanes == 1) return emit(store);
  if (store.lanes == LaneStride::contiguous) {
    const std::string type = vector_type(nest_.dtype(store.value), loop.lanes);
    const std::string to =
        fmt::format("({}*)(a{} + {})", type, store.argument, text_.summand(store.offset));
    const std::string value = fmt::format("y{}", store.argument);
    if (store.streaming)
      text_.line(helpers_.call(type + "_stream", to + ", " + value) + ";");
    else
      text_.line(fmt::format("*{} = {};", to, value));
    return;
  }
  for_lanes(loop, [&] {
    text_.line(fmt::format("{} = y{}.at[j];",
                           lane_element(store.argument, store.offset, store.lane_stride),
                           store.argument));
  });
}

}  // namespace sinter::detail
