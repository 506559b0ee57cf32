// CudaEmitter: translates a LoopNest to CUDA C, statement by statement. It makes no decisions; the
// nest holds them all.
//
// A thread's step has three parts: it loads all its vectors, computes lane by lane, and stores
// (step.cpp). Vectors in flight are arrays. Loops that the compiler unrolls walk them, so the text
// has each body once. Names in the text, each followed by a number or used as an index:
//   w   a loaded vector, by value id              y   a vector to store, by argument
//   k   index of a vector in flight               j   index of a lane
//   c   a carried value of a thread, by value id  o   a value of the partner thread in a fold
// Names shared with the text form of a nest: a buffers, n lengths, s strides, p parameters, i loop
// variables, t index expressions, v values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "cuda/ops.h"
#include "cuda/text.h"

namespace sinter::detail {

/// Serves one nest: construct it, then call emit() once.
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

  // Loops. `first` is the text of the place where a thread's first vector begins.
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
  void store_vector(const Loop& loop, const Store& store);
  void for_copies(const Loop& loop, auto&& body);
  void for_lanes(const Loop& loop, auto&& body);

  // Carried values.
  /// The variable of a thread that holds its lanes of a carried value: an array of unroll * lanes
  /// elements, or a scalar if that is 1.
  struct Carried {
    std::string name;  ///< empty if the value is not carried
    int unroll = 1;
    int lanes = 1;
    int threads = 1;  ///< number of threads that share the lanes of the value
  };
  void begin_carrying(const Loop& loop);
  [[nodiscard]] Carried declare_carried(const Loop& loop, const Carry& carry);
  void assign_carried(const Loop& loop);
  void combine(const Fold& fold, const std::string& into, const std::string& other);

  // Texts.
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
  CudaText text_;
  CudaHelpers helpers_;
  std::map<std::string, std::string> types_;  // definitions of vector types, by type name
  std::vector<std::string> values_;           // [value] its expression in the text
  std::vector<bool> varying_;                 // [value] true if it differs from lane to lane
  std::vector<bool> common_;      // [value] true if all vectors in flight share its load
  std::vector<Carried> carried_;  // [value] variable of a carried value
  int team_ = 0;                  // threads of the enclosing team loop; 0 outside of team loops
  bool in_thread_ = false;        // true inside a thread loop
};

/// The test that makes a bool of a loaded element: masks are bytes in memory. Empty for other
/// dtypes.
inline std::string_view mask_test(DType dtype) { return dtype == DType::boolean ? " != 0" : ""; }

}  // namespace sinter::detail
