// Ops, from the table in ops.def. The table is the whole truth: what it does not say, no op has.
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

enum class OpKind : std::uint8_t { leaf, primitive, composite, reduction, product, structural };

/// How an op's result dtype follows from its operands; see the head of ops.def.
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

inline constexpr int kMaxOperands = 3;
/// Lists of integers that a structural op or a reduction has beside its operands.
inline constexpr int kMaxLists = 2;
/// What lut16 looks up: numbers that its result's dtype holds.
using LookupTable = std::array<double, 16>;

struct OperandInfo {
  std::string_view name;
  bool attribute = false;               ///< a scalar that prints as name=value
  std::optional<double> default_value;  ///< of an attribute
};

struct OpInfo {
  Op op;
  std::string_view name;  ///< enumerator and text keyword
  OpKind kind;
  DTypeRule rule;
  int arity;
  std::array<OperandInfo, kMaxOperands> operands;
  std::array<std::string_view, kMaxLists> lists;  ///< their names; empty beyond the last
};

/// Every op, in the order of the enum.
[[nodiscard]] SINTER_API std::span<const OpInfo> all_ops();
/// Throws Error(invalid_argument) for a value that is no enumerator.
[[nodiscard]] SINTER_API const OpInfo& info(Op op);
/// The op that the text form calls `name`, if any.
[[nodiscard]] SINTER_API std::optional<Op> op_from_name(std::string_view name);

[[nodiscard]] inline std::string_view to_string(Op op) { return info(op).name; }

}  // namespace sinter
