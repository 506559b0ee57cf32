#include "cuda/parameters.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cuda/ops.h"

namespace sinter::detail {
namespace {

using Kind = CudaParameter::Kind;

std::string declaration(const LoopNest& nest, const CudaParameter& parameter) {
  const auto [kind, dtype, position] = parameter;
  const auto rank = static_cast<std::uint32_t>(nest.rank);
  switch (kind) {
    case Kind::buffer:
      return fmt::format("{}{}* a{}", nest.arguments[position].output ? "" : "const ",
                         cuda_memory_type(dtype), position);
    case Kind::extent: return fmt::format("{} n{}", cuda_type(dtype), position);
    case Kind::stride:
      return fmt::format("{} s{}_{}", cuda_type(dtype), position / rank, position % rank);
    case Kind::number: return fmt::format("{} p{}", cuda_type(dtype), position);
  }
  return {};
}

}  // namespace

std::vector<CudaParameter> cuda_parameters(const LoopNest& nest) {
  std::vector<CudaParameter> parameters;
  const DType index = nest.index_bits == 32 ? DType::i32 : DType::i64;
  const auto add = [&](Kind kind, DType dtype, std::size_t position) {
    parameters.push_back({kind, dtype, static_cast<std::uint32_t>(position)});
  };
  for (std::size_t i = 0; i < nest.arguments.size(); ++i) {
    if (nest.arguments[i].local == 0) add(Kind::buffer, nest.arguments[i].dtype, i);
  }
  for (const auto& [op, kind] :
       {std::pair{IndexOp::extent, Kind::extent}, std::pair{IndexOp::stride, Kind::stride}}) {
    std::vector<std::size_t> positions;
    for (const Index& one : nest.indices) {
      if (one.op == op) positions.push_back(static_cast<std::size_t>(one.immediate));
    }
    std::ranges::sort(positions);
    for (std::size_t position : positions) add(kind, index, position);
  }
  for (std::size_t i = 0; i < nest.parameter_dtypes.size(); ++i) {
    add(Kind::number, nest.parameter_dtypes[i], i);
  }
  return parameters;
}

std::string cuda_head(const LoopNest& nest, const CudaKernel& kernel) {
  std::string text = fmt::format("extern \"C\" __global__ void __launch_bounds__({}) {}(",
                                 kernel.threads, kernel.entry);
  for (std::size_t i = 0; i < kernel.parameters.size(); ++i) {
    const bool first_of_kind = i == 0 || kernel.parameters[i - 1].kind != kernel.parameters[i].kind;
    if (i > 0) text += ",";
    text += first_of_kind ? "\n    " : " ";
    text += declaration(nest, kernel.parameters[i]);
  }
  return text + ")";
}

}  // namespace sinter::detail
