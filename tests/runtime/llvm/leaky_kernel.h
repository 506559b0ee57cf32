// A kernel of leaky_relu for tests of compilers, and a call of its machine code.
#pragma once

#include <bit>
#include <cstdint>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "../../../runtime/backend.h"

namespace sinter::detail {

inline LoopNest leaky_nest(const Target& target) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {1000}).leaky_relu());
  const Graph body = expand(graph, graph.parameters());
  return schedule_cpu(body, collapse(body), target);
}

/// leaky_relu(x) with slope 0.5.
inline float call(const MachineCode& code, float x) {
  float y = 0;
  void* const buffers[] = {&x, &y};
  const std::int64_t extents[] = {1};
  const std::int64_t strides[] = {1, 1};
  const std::uint64_t slope = std::bit_cast<std::uint32_t>(0.5F);
  const KernelArguments arguments{buffers, extents, strides, &slope};
  code.entry()(&arguments, 0, 1);
  return y;
}

}  // namespace sinter::detail
