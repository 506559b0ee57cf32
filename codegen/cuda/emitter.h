// CudaEmitter: LoopNest to CUDA C, statement by statement; everything is decided in the nest.
//
// What a thread does in a step is three parts: it loads all its vectors, computes lane by lane, and
// stores (step.cpp). Vectors in flight are arrays, walked by loops that the compiler unrolls,
// so that a body stands in the text once:
//   w   vectors as loaded, by value      y   vectors to store, by argument
//   k   which vector in flight           j   which lane of it
//   c   what a thread carries, by value  o   what its partner in the team has
// The other names are those of the nest's own text: a buffers, n lengths, s strides, p numbers, i
// loop variables, t index expressions, v values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "cuda/ops.h"
#include "cuda/text.h"

namespace sinter::detail {

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
  CudaText text_;
  CudaHelpers helpers_;
  std::map<std::string, std::string> types_;  // of vectors, by name
  std::vector<std::string> values_;           // [value] what stands for it
  std::vector<bool> varying_;                 // [value] differs from lane to lane
  std::vector<bool> common_;                  // [value] loaded once for all vectors in flight
  std::vector<Carried> carried_;              // [value] of what has the lanes of a loop
  int team_ = 0;                              // threads of the team loop around, if there is one
  bool in_thread_ = false;                    // a thread loop is around
};

/// A mask is bytes in memory.
inline std::string_view mask_test(DType dtype) { return dtype == DType::boolean ? " != 0" : ""; }

}  // namespace sinter::detail
