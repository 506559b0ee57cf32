#include "llvm/lookup.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>

namespace sinter::detail {
namespace {

namespace id = llvm::Intrinsic;

unsigned lanes_of(const llvm::Value* x) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(x->getType());
  return type == nullptr ? 1 : type->getNumElements();
}

/// The first `lanes` lanes of `x`. If `x` has fewer, the others are poison.
llvm::Value* resized(llvm::IRBuilder<>& builder, llvm::Value* x, unsigned lanes) {
  const unsigned own = lanes_of(x);
  if (own == lanes) return x;
  if (lanes == 1) return builder.CreateExtractElement(x, std::uint64_t{0});
  if (own == 1) {
    auto* type = llvm::FixedVectorType::get(x->getType(), lanes);
    return builder.CreateInsertElement(llvm::PoisonValue::get(type), x, std::uint64_t{0});
  }
  llvm::SmallVector<int, 16> kept(lanes, -1);
  std::iota(kept.begin(), kept.begin() + std::min(own, lanes), 0);
  return builder.CreateShuffleVector(x, kept);
}

/// The bits of the table as vectors of `lanes` integers of `type`. A number that is wider than
/// `type` becomes several integers, the one with the lowest bits first.
std::vector<llvm::Constant*> parts_of(const LookupTable& table, DType dtype,
                                      llvm::IntegerType* type, unsigned lanes) {
  llvm::SmallVector<llvm::Constant*, 128> pieces;
  for (double number : table) {
    const std::uint64_t bits = element_bits(number, dtype);
    for (unsigned at = 0; at < info(dtype).bytes * 8U; at += type->getBitWidth()) {
      pieces.push_back(llvm::ConstantInt::get(type, bits >> at));
    }
  }
  std::vector<llvm::Constant*> parts;
  for (llvm::ArrayRef<llvm::Constant*> rest = pieces; !rest.empty();
       rest = rest.drop_front(lanes)) {
    parts.push_back(llvm::ConstantVector::get(rest.take_front(lanes)));
  }
  return parts;
}

/// Selects one of `found`, a power of two in number: bit k of its position is is_set(first + k).
llvm::Value* select_by_bits(llvm::IRBuilder<>& builder, std::vector<llvm::Value*> found,
                            unsigned first, auto&& is_set) {
  for (unsigned bit = first; found.size() > 1; ++bit) {
    llvm::Value* upper = is_set(bit);
    for (std::size_t i = 0; i < found.size() / 2; ++i) {
      found[i] = builder.CreateSelect(upper, found[2 * i + 1], found[2 * i]);
    }
    found.resize(found.size() / 2);
  }
  return found[0];
}

/// The vector `index` as one register of `bytes`.
llvm::Value* filled(llvm::IRBuilder<>& builder, llvm::Value* index, unsigned bytes) {
  const unsigned fit = bytes * 8 / index->getType()->getScalarSizeInBits();
  SINTER_ASSERT(lanes_of(index) <= fit, "a vector of indices is one register");
  return resized(builder, index, fit);
}

// --- AVX-512 -------------------------------------------------------------------------------------

llvm::Value* by_avx512(llvm::IRBuilder<>& builder, const LookupTable& table, llvm::Value* index) {
  if (index->getType()->getScalarSizeInBits() == 32) {
    auto* type = llvm::FixedVectorType::get(builder.getFloatTy(), 16);
    llvm::Constant* whole = parts_of(table, DType::f32, builder.getInt32Ty(), 16)[0];
    return builder.CreateIntrinsic(id::x86_avx512_permvar_sf_512, {},
                                   {builder.CreateBitCast(whole, type), index});
  }
  auto* type = llvm::FixedVectorType::get(builder.getDoubleTy(), 8);
  const std::vector<llvm::Constant*> halves = parts_of(table, DType::f64, builder.getInt64Ty(), 8);
  return builder.CreateIntrinsic(
      id::x86_avx512_vpermi2var_pd_512, {},
      {builder.CreateBitCast(halves[0], type), index, builder.CreateBitCast(halves[1], type)});
}

// --- AVX2 ----------------------------------------------------------------------------------------

/// Looks up words of 32 bits. The table is one or more registers of eight words; only as many low
/// bits of `index` count as the table needs.
llvm::Value* by_avx2(llvm::IRBuilder<>& builder, llvm::ArrayRef<llvm::Constant*> parts,
                     llvm::Value* index) {
  auto* type = llvm::FixedVectorType::get(builder.getFloatTy(), 8);
  std::vector<llvm::Value*> found;
  for (llvm::Constant* part : parts) {
    found.push_back(builder.CreateIntrinsic(id::x86_avx2_permps, {},
                                            {builder.CreateBitCast(part, type), index}));
  }
  // A blend tests the sign bit only: the next bit of the index is shifted there.
  return select_by_bits(builder, std::move(found), 3, [&](unsigned bit) {
    return builder.CreateIsNeg(builder.CreateShl(index, 31 - bit));
  });
}

llvm::Value* by_avx2(llvm::IRBuilder<>& builder, const LookupTable& table, llvm::Value* index) {
  auto* words = llvm::FixedVectorType::get(builder.getInt32Ty(), 8);
  if (index->getType()->getScalarSizeInBits() == 32) {
    return by_avx2(builder, parts_of(table, DType::f32, builder.getInt32Ty(), 8), index);
  }
  // The index i of a number becomes two indices of words: 2 i in the lower half, 2 i + 1 in the
  // upper half.
  llvm::Value* low =
      builder.CreateShl(builder.CreateAnd(index, llvm::ConstantInt::get(index->getType(), 15)), 1);
  llvm::Value* both = builder.CreateOr(low, builder.CreateShl(low, 32));
  both = builder.CreateOr(both, llvm::ConstantInt::get(index->getType(), std::uint64_t{1} << 32));
  llvm::Value* found = by_avx2(builder, parts_of(table, DType::f64, builder.getInt32Ty(), 8),
                               builder.CreateBitCast(both, words));
  return builder.CreateBitCast(found, llvm::FixedVectorType::get(builder.getDoubleTy(), 4));
}

// --- NEON ----------------------------------------------------------------------------------------

/// Looks up numbers byte by byte. The bytes of a table are 4 or 8 registers. tbl takes 4, and gives
/// 0 for an index beyond them, so OR combines the results of two tbl.
llvm::Value* by_neon(llvm::IRBuilder<>& builder, const LookupTable& table, llvm::Value* index) {
  const bool wide = index->getType()->getScalarSizeInBits() == 64;
  auto* words = llvm::FixedVectorType::get(builder.getInt32Ty(), 4);
  auto* bytes = llvm::FixedVectorType::get(builder.getInt8Ty(), 16);
  llvm::Value* number = builder.CreateAnd(index, llvm::ConstantInt::get(index->getType(), 15));
  if (wide) number = builder.CreateOr(number, builder.CreateShl(number, 32));
  // Index of each byte of the result: the index of its number's first byte, plus 0, 1, 2, ...
  const std::uint64_t size = wide ? 8 : 4;
  llvm::Value* repeated = builder.CreateMul(builder.CreateBitCast(number, words),
                                            llvm::ConstantInt::get(words, size * 0x01010101));
  llvm::SmallVector<std::uint8_t, 16> steps;
  for (std::uint64_t i = 0; i < 16; ++i) steps.push_back(static_cast<std::uint8_t>(i % size));
  llvm::Value* places =
      builder.CreateAdd(builder.CreateBitCast(repeated, bytes),
                        llvm::ConstantDataVector::get(builder.getContext(), steps));
  const std::vector<llvm::Constant*> parts =
      parts_of(table, wide ? DType::f64 : DType::f32, builder.getInt8Ty(), 16);
  llvm::Value* found = nullptr;
  for (std::size_t at = 0; at < parts.size(); at += 4) {
    llvm::Value* beyond = llvm::ConstantInt::get(bytes, 16 * at);
    llvm::Value* part = builder.CreateIntrinsic(id::aarch64_neon_tbl4, {bytes},
                                                {parts[at], parts[at + 1], parts[at + 2],
                                                 parts[at + 3], builder.CreateSub(places, beyond)});
    found = found == nullptr ? part : builder.CreateOr(found, part);
  }
  llvm::Type* element = wide ? builder.getDoubleTy() : builder.getFloatTy();
  return builder.CreateBitCast(
      found, llvm::FixedVectorType::get(element, 16 / static_cast<unsigned>(size)));
}

}  // namespace

llvm::Value* look_up_by_avx512(llvm::IRBuilder<>& builder, const LookupTable& table,
                               llvm::Value* index) {
  return resized(builder, by_avx512(builder, table, filled(builder, index, 64)), lanes_of(index));
}

llvm::Value* look_up_by_avx2(llvm::IRBuilder<>& builder, const LookupTable& table,
                             llvm::Value* index) {
  return resized(builder, by_avx2(builder, table, filled(builder, index, 32)), lanes_of(index));
}

llvm::Value* look_up_by_neon(llvm::IRBuilder<>& builder, const LookupTable& table,
                             llvm::Value* index) {
  return resized(builder, by_neon(builder, table, filled(builder, index, 16)), lanes_of(index));
}

llvm::Value* look_up_by_selecting(llvm::IRBuilder<>& builder, const LookupTable& table,
                                  llvm::Value* index) {
  const bool wide = index->getType()->getScalarSizeInBits() == 64;
  llvm::Type* type =
      index->getType()->getWithNewType(wide ? builder.getDoubleTy() : builder.getFloatTy());
  std::vector<llvm::Value*> found;
  for (double number : table) {
    const llvm::APInt bits(wide ? 64 : 32, element_bits(number, wide ? DType::f64 : DType::f32));
    llvm::Constant* same = llvm::ConstantInt::get(index->getType(), bits);
    found.push_back(builder.CreateBitCast(same, type));
  }
  return select_by_bits(builder, std::move(found), 0, [&](unsigned bit) {
    llvm::Value* mask = llvm::ConstantInt::get(index->getType(), std::uint64_t{1} << bit);
    return builder.CreateIsNotNull(builder.CreateAnd(index, mask));
  });
}

}  // namespace sinter::detail
