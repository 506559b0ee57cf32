// Strided accesses of vectors for which the target has no gather or scatter.
//
// Few lanes are accessed one by one. More lanes, and masked ones, go through a slot on the stack in
// a loop over lanes. So the size of the code does not grow with the number of lanes: LLVM would
// write out each lane, and each masked lane as a basic block of its own.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>

#include "llvm/function_builder.h"

namespace sinter::detail {

/// The lanes that one statement accesses, in all its vectors in flight.
struct StridedLanes {
  llvm::Type* element = nullptr;  ///< type of a lane in memory
  llvm::Value* first = nullptr;   ///< address of lane 0
  llvm::Value* stride = nullptr;  ///< bytes from a lane to the next
  unsigned lanes = 1;             ///< number of lanes of a vector
  unsigned vectors = 1;           ///< number of vectors in flight
  llvm::Value* active = nullptr;  ///< number of lanes to access, at least 1; nullptr for all

  [[nodiscard]] unsigned count() const { return lanes * vectors; }
};

/// One value for each vector in flight; lanes that are not active are 0.
[[nodiscard]] llvm::SmallVector<llvm::Value*, 4> load_strided(FunctionBuilder& frame,
                                                              const StridedLanes& lanes);
/// Stores one value for each vector in flight.
void store_strided(FunctionBuilder& frame, const StridedLanes& lanes,
                   llvm::ArrayRef<llvm::Value*> values);

}  // namespace sinter::detail
