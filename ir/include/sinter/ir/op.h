// Ops: the enum and the properties of each, both made from the table in ops.def.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <sinter/ir/export.h>

namespace sinter {

enum class Op : std::uint8_t {
#define SINTER_OP(name, kind, rule, arity, names) name,
#include <sinter/ir/ops.def>
#undef SINTER_OP
};

/// What an op does; see the head of ops.def.
enum class OpKind : std::uint8_t { leaf, primitive, composite, reduction, product, structural };

/// How the dtype of an op's result follows from its operands; see the head of ops.def.
enum class DTypeRule : std::uint8_t {
  leaf,
  floating,
  numeric,
  integer,
  comparison,
  logical,
  select,
  convert,
  recast,
  bitcast,
  raw_bitcast,
  same,
  alike,
  lookup,
};

/// Largest number of operands of an op.
inline constexpr int kMaxOperands = 3;
/// Largest number of integer lists that a structural op or a reduction has beside its operands.
inline constexpr int kMaxLists = 2;
/// The 16 numbers that lut16 looks up, each exact in the dtype of its result.
using LookupTable = std::array<double, 16>;

/// One operand of an op.
struct OperandInfo {
  std::string_view name;
  bool attribute = false;               ///< true for a scalar that prints as name=value
  std::optional<double> default_value;  ///< of an attribute, if it has a default
};

/// One row of ops.def.
struct OpInfo {
  Op op;
  std::string_view name;  ///< name of the enumerator, and keyword of the text form
  OpKind kind;
  DTypeRule rule;
  int arity;
  std::array<OperandInfo, kMaxOperands> operands;
  std::array<std::string_view, kMaxLists> lists;  ///< names of the lists; empty after the last
};

/// Rows of all ops, in the order of the enum.
[[nodiscard]] SINTER_API std::span<const OpInfo> all_ops();
/// Returns the row of `op`. Throws Error(invalid_argument) if `op` is not an enumerator.
[[nodiscard]] SINTER_API const OpInfo& info(Op op);
/// Returns the op whose keyword in the text form is `name`, if there is one.
[[nodiscard]] SINTER_API std::optional<Op> op_from_name(std::string_view name);

[[nodiscard]] inline std::string_view to_string(Op op) { return info(op).name; }

}  // namespace sinter
