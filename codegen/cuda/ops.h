// One primitive as an expression of CUDA C, and the functions that such expressions call.
//
// Every expression has one meaning in every C++ compiler (no overflow of signed integers, no
// conversion out of range) with contraction off, which is why a host may run the very same text.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// The type that holds an element in a register: bits for 16-bit floats.
[[nodiscard]] std::string_view cuda_type(DType dtype);
/// The same in memory: a byte for masks.
[[nodiscard]] std::string_view cuda_memory_type(DType dtype);

/// Functions that a source needs besides its kernel, each defined once.
class CudaHelpers {
 public:
  /// A call of function `name` on `arguments`, a list with commas. The name says what it does and
  /// on which dtype or vector, see helpers.cpp.
  [[nodiscard]] std::string call(const std::string& name, const std::string& arguments);
  /// table[index & 15], of `dtype`.
  [[nodiscard]] std::string lookup(const LookupTable& table, DType dtype, const std::string& index);
  /// Their definitions, and those of the tables. None calls another.
  [[nodiscard]] std::string definitions() const;

 private:
  std::map<std::string, std::string> functions_;  // by name
  std::vector<std::string> tables_;               // their numbers
};

/// A literal, with parentheses where an operator might bind to its sign.
[[nodiscard]] std::string cuda_literal(double value, DType dtype);

/// op(operands). `from` is the dtype of the last operand, `to` that of the result. Operands are
/// names, literals or calls.
[[nodiscard]] std::string cuda_expression(Op op, DType from, DType to,
                                          std::span<const std::string> operands,
                                          CudaHelpers& helpers);

}  // namespace sinter::detail
