// Invalid enum values in every field of a nest that holds an enum: each reader refuses them.
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/llvm.h>
#include <sinter/codegen/loop_interpreter.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "codegen/kernels.h"
#include "codegen/reduction_kernels.h"
#include "support/expect_error.h"

namespace sinter::test {
namespace {

LoopNest nest_of(const Graph& graph) {
  const Graph body = expand(graph, graph.parameters());
  return schedule_cpu(body, collapse(body), Target::parse("x86-64-v4"));
}

/// Calls `visit` with each enum value in the block, as a byte.
void for_each_enum(Block& block, const std::function<void(std::uint8_t&)>& visit) {
  const auto as_byte = [&](auto& value) { visit(reinterpret_cast<std::uint8_t&>(value)); };
  for (Statement& statement : block) {
    if (auto* loop = std::get_if<Loop>(&statement)) {
      as_byte(loop->kind);
      for_each_enum(loop->body, visit);
    }
    if (auto* load = std::get_if<Load>(&statement)) as_byte(load->lanes);
    if (auto* store = std::get_if<Store>(&statement)) as_byte(store->lanes);
    if (auto* count = std::get_if<Count>(&statement)) as_byte(count->lanes);
    if (auto* compute = std::get_if<Compute>(&statement)) as_byte(compute->op);
    if (auto* fold = std::get_if<Fold>(&statement)) as_byte(fold->op);
  }
}
void for_each_enum(LoopNest& nest, const std::function<void(std::uint8_t&)>& visit) {
  const auto as_byte = [&](auto& value) { visit(reinterpret_cast<std::uint8_t&>(value)); };
  for (Argument& argument : nest.arguments) as_byte(argument.dtype);
  for (DType& dtype : nest.parameter_dtypes) as_byte(dtype);
  for (ValueInfo& value : nest.values) as_byte(value.dtype);
  for (Index& index : nest.indices) as_byte(index.op);
  for_each_enum(nest.body, visit);
}

struct Reader {
  std::string_view name;
  std::function<void(const LoopNest&)> read;
};

const std::vector<Reader>& readers() {
  static const LoopSpace space = collapse(leaky_relu_kernel(64));
  static const std::vector<Reader> all = {
      {"verify", [](const LoopNest& nest) { verify(nest); }},
      {"print", [](const LoopNest& nest) { (void)print(nest); }},
      {"interpret", [](const LoopNest& nest) { interpret(nest, {}, 0, 0); }},
      {"specialize_shape", [](const LoopNest& nest) { (void)specialize_shape(nest, space); }},
      {"emit_cuda", [](const LoopNest& nest) { (void)emit_cuda(nest); }},
      {"llvm_text",
       [](const LoopNest& nest) { (void)llvm_text(nest, Target::parse("x86-64-v4"), "kernel"); }},
      {"object_bytes",
       [](const LoopNest& nest) {
         (void)object_bytes(nest, Target::parse("x86-64-v4"), "kernel");
       }},
  };
  return all;
}

TEST(NestEnums, InvalidValuesAreRefused) {
  int places = 0;
  const Graph kernels[] = {leaky_relu_kernel(100), rows_kernel(33, 3), mask_kernel(20),
                           lookup_kernel(20), layer_kernel(20)};
  for (const Graph& kernel : kernels) {
    const LoopNest nest = nest_of(kernel);
    LoopNest spoilt = nest;
    for_each_enum(spoilt, [&](std::uint8_t& value) {
      ++places;
      const std::uint8_t before = value;
      for (int other : {77 + static_cast<int>(all_ops().size()), 250, 255}) {
        value = static_cast<std::uint8_t>(other);
        for (const Reader& reader : readers()) {
          expect_error(ErrorCode::invalid_argument, "(" + std::to_string(value) + ")",
                       [&] { reader.read(spoilt); });
        }
      }
      value = before;
    });
    EXPECT_EQ(key_bytes(spoilt), key_bytes(nest));
  }
  EXPECT_GT(places, 100);
}

}  // namespace
}  // namespace sinter::test
