// Attributes: what an op has beside its operands.
//
// The generic form holds the attributes of any op. Code that serves all ops by their rows in
// ops.def uses it: `apply`, inference, the text form and the verifier. Code that knows the op uses
// its typed form, which names the lists of the row. Each typed form has three conversions:
//   of(graph, id)   reads a node of this kind, and only what it returns
//   of(attributes)  converts the generic form, whose lists must be as those of a node
//   generic()       returns the generic form, for `apply`
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <sinter/ir/dtype.h>
#include <sinter/ir/export.h>
#include <sinter/ir/op.h>
#include <sinter/ir/shape.h>

namespace sinter {

class Graph;
struct NodeId;

/// The generic form. An op ignores a dtype and a shape that it does not need.
struct Attributes {
  std::optional<DType> dtype = {};         ///< of `convert`, `recast` and the bitcasts
  std::optional<Shape> shape = {};         ///< of `broadcast`, `reshape`, `slice` and `view`
  std::array<Dims, kMaxLists> lists = {};  ///< of structural ops and reductions: see ops.def
  std::optional<LookupTable> table = {};   ///< of `lut16`
};

struct TransposeAttributes {
  Dims axes;  ///< axis k of the result is axis axes[k] of x

  [[nodiscard]] SINTER_API static TransposeAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static TransposeAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const TransposeAttributes&, const TransposeAttributes&) = default;
};

struct ReshapeAttributes {
  Shape shape;  ///< of the result

  [[nodiscard]] SINTER_API static ReshapeAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static ReshapeAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const ReshapeAttributes&, const ReshapeAttributes&) = default;
};

/// Element i of the result is x[start + i * step], along each axis.
struct SliceAttributes {
  Shape shape;  ///< of the result
  Dims start;   ///< one per axis
  Dims step;    ///< one per axis; negative to go backwards

  [[nodiscard]] SINTER_API static SliceAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static SliceAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const SliceAttributes&, const SliceAttributes&) = default;
};

struct ConcatAttributes {
  int axis = 0;  ///< along which b follows a; negative axes count from the end, but not in a node

  [[nodiscard]] SINTER_API static ConcatAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static ConcatAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const ConcatAttributes&, const ConcatAttributes&) = default;
};

/// Numbers of elements that a pad adds, one per axis.
struct PadAttributes {
  Dims low;   ///< before the elements of x
  Dims high;  ///< after them

  [[nodiscard]] SINTER_API static PadAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static PadAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const PadAttributes&, const PadAttributes&) = default;
};

/// Element [i, j, ...] of the result is element `offset` + i * strides[0] + j * strides[1] + ... of
/// the memory of x.
struct ViewAttributes {
  Shape shape;      ///< of the result
  Strides strides;  ///< in elements, one per axis
  std::int64_t offset = 0;

  [[nodiscard]] SINTER_API static ViewAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static ViewAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const ViewAttributes&, const ViewAttributes&) = default;
};

struct ReductionAttributes {
  Dims axes;          ///< reduced axes: neighbours, ascending, at least one
  bool keeps = true;  ///< true if the result has the reduced axes with length 1
  /// Number of elements of a chunk, if the last reduced axis has one result per chunk; 0 if the
  /// whole group is reduced. Needs `keeps`.
  std::int64_t chunk = 0;

  [[nodiscard]] SINTER_API static ReductionAttributes of(const Graph& graph, NodeId id);
  [[nodiscard]] SINTER_API static ReductionAttributes of(const Attributes& attributes);
  [[nodiscard]] SINTER_API Attributes generic() const;
  friend bool operator==(const ReductionAttributes&, const ReductionAttributes&) = default;
};

}  // namespace sinter
