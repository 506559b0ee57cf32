// Primitives as expressions of CUDA C, and the functions that these expressions call.
//
// With contraction off, every expression has the same meaning in every C++ compiler: no signed
// integer overflows, and no conversion is out of range. So a host compiler may run the same text.
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

/// Type of an element in a register. 16-bit floats are held as bits.
[[nodiscard]] std::string_view cuda_type(DType dtype);
/// Type of an element in memory: cuda_type, but a byte for masks.
[[nodiscard]] std::string_view cuda_memory_type(DType dtype);

/// The functions and tables that a kernel uses, each defined once.
class CudaHelpers {
 public:
  /// Returns a call of the function `name`, and records that the kernel needs it. `arguments` is
  /// the text between the parentheses. helpers.cpp says which names there are.
  [[nodiscard]] std::string call(const std::string& name, const std::string& arguments);
  /// Returns the expression table[index & 15], of `dtype`.
  [[nodiscard]] std::string lookup(const LookupTable& table, DType dtype, const std::string& index);
  /// Definitions of the tables and functions recorded so far. No function calls another.
  [[nodiscard]] std::string definitions() const;

 private:
  std::map<std::string, std::string> functions_;  // definitions, by name
  std::vector<std::string> tables_;               // initialisers: 16 numbers each
};

/// A literal, with parentheses if an operator might bind to its sign.
[[nodiscard]] std::string cuda_literal(double value, DType dtype);

/// The expression op(operands). `from` is the dtype of the last operand, `to` that of the result.
/// Operands are names, literals or calls.
[[nodiscard]] std::string cuda_expression(Op op, DType from, DType to,
                                          std::span<const std::string> operands,
                                          CudaHelpers& helpers);

}  // namespace sinter::detail
