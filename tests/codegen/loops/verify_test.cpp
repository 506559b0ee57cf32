// The verifier of nests: it accepts the scheduler's nests, and names the fault of a broken nest.
#include <functional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "codegen/kernels.h"

namespace sinter {
namespace {

LoopNest nest_of(const Graph& graph, bool streaming = false) {
  return schedule_cpu(expand(graph, graph.parameters()), collapse(graph),
                      Target::parse("x86-64-v4"), {.streaming = streaming});
}

/// The n-th statement of type T in a block.
template <typename T>
T& statement(Block& block, int n = 0) {
  for (Statement& candidate : block) {
    T* found = std::get_if<T>(&candidate);
    if (found != nullptr && n-- == 0) return *found;
  }
  throw std::out_of_range("no such statement");
}

Loop& loop(LoopNest& nest, int n = 0) { return statement<Loop>(nest.body, n); }

struct Fault {
  std::string name;
  std::string message;
  std::function<void(LoopNest&)> plant;
  bool rows = false;
  bool streaming = false;
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

LoopNest nest_for(const Fault& fault) {
  return nest_of(fault.rows ? test::rank3_kernel(64) : test::leaky_relu_kernel(64),
                 fault.streaming);
}

// A nest of rank 1 has the loops peel, main and tail, each with load, mul, greater, select, store.
// A nest of rank 3 has a loop over rows with one load, which contains the loops main and tail.
const Fault kFaults[] = {
    {"OperandAfterItsUser", "operands of an index come before it",
     [](LoopNest& nest) {
       for (Index& index : nest.indices) index.a.index = index.b.index = 99;
     }},
    {"MultipleThatIsNoPowerOfTwo", "alignments and multiples are powers of two",
     [](LoopNest& nest) {
       for (Index& index : nest.indices) {
         if (index.op == IndexOp::round_down) index.immediate = 48;
       }
     }},
    {"LengthOfNoAxis", "an extent names an axis",
     [](LoopNest& nest) { nest.indices.push_back({IndexOp::extent, 0, {}, {}, 1}); }},
    {"StrideOfNoArgument", "a stride names an argument and an axis",
     [](LoopNest& nest) { nest.indices.push_back({IndexOp::stride, 0, {}, {}, 2}); }},
    {"OutputBeforeInput", "inputs come before outputs",
     [](LoopNest& nest) { std::swap(nest.arguments[0], nest.arguments[1]); }},
    {"BooleanParameter", "parameters have numeric compute dtypes",
     [](LoopNest& nest) { nest.parameter_dtypes[0] = DType::boolean; }},
    {"NoLoop", "a nest has a loop",
     [](LoopNest& nest) { nest.body.erase(nest.body.begin() + 1, nest.body.end()); }},
    {"VariableOfAnotherLoop", "an index is used inside the loops of its variables",
     [](LoopNest& nest) {
       statement<Load>(loop(nest, 1).body).offset = statement<Load>(loop(nest, 0).body).offset;
     }},
    {"VariableOfTwoLoops", "a variable belongs to one loop",
     [](LoopNest& nest) { loop(nest, 1).variable = loop(nest, 0).variable; }},
    {"LoopThatCountsInALength", "a loop counts in a variable",
     [](LoopNest& nest) { loop(nest).variable = loop(nest).to; }},
    {"ValueBeforeItsDefinition", "a value is defined before its use",
     [](LoopNest& nest) {
       Block& body = loop(nest).body;
       std::swap(body[1], body[2]);
     }},
    {"ValueOfAnotherLoop", "a value is used inside its scope",
     [](LoopNest& nest) {
       statement<Store>(loop(nest, 1).body).value = statement<Store>(loop(nest, 0).body).value;
     }},
    {"ValueDefinedTwice", "a value is defined once",
     [](LoopNest& nest) {
       statement<Load>(loop(nest, 1).body).result = statement<Load>(loop(nest, 0).body).result;
     }},
    {"ValueOfNoTable", "a statement names a value of the table",
     [](LoopNest& nest) { statement<Store>(loop(nest).body).value.index = 99; }},
    {"WrongDtype", "dtypes are as the row of the op says",
     [](LoopNest& nest) {
       nest.values[statement<Compute>(loop(nest).body, 1).result.index].dtype = DType::f32;
     }},
    {"ParameterOfNoSlot", "dtypes are as the row of the op says",
     [](LoopNest& nest) { statement<Compute>(nest.body).payload = 1; }},
    {"TableOfNoNest", "dtypes are as the row of the op says",
     [](LoopNest& nest) {
       Compute& first = statement<Compute>(loop(nest).body);
       first.op = Op::lut16;
       first.operand_count = 1;
       nest.values[first.operands[0].index].dtype = DType::i32;
       nest.arguments[0].dtype = DType::i32;
     }},
    {"MissingOperand", "an op has the operands of its row",
     [](LoopNest& nest) { statement<Compute>(loop(nest).body).operand_count = 1; }},
    {"Composite", "composites are expanded",
     [](LoopNest& nest) { statement<Compute>(loop(nest).body).op = Op::leaky_relu; }},
    {"LoadOfAnOutput", "a load reads an input",
     [](LoopNest& nest) { statement<Load>(loop(nest).body).argument = 1; }},
    {"LoadOfAnotherDtype", "a load has the dtype of its argument",
     [](LoopNest& nest) { nest.arguments[0].dtype = DType::f64; }},
    {"LoadBehindAStore", "loads of a block come before its stores",
     [](LoopNest& nest) {
       Block& body = loop(nest).body;
       nest.values.push_back({DType::f32});
       Load late = statement<Load>(body);
       late.result.index = static_cast<std::uint32_t>(nest.values.size() - 1);
       body.emplace_back(late);
     }},
    {"StoreOfAnotherDtype", "a store has the dtype of its argument",
     [](LoopNest& nest) { nest.arguments[1].dtype = DType::f64; }},
    {"MissingStore", "a loop with lanes stores every output once, and no input",
     [](LoopNest& nest) { loop(nest, 2).body.pop_back(); }},
    {"StoreToAnInput", "a loop with lanes stores every output once, and no input",
     [](LoopNest& nest) { statement<Store>(loop(nest).body).argument = 0; }},
    {"MaskedStreamingStore", "streaming stores are not masked",
     [](LoopNest& nest) { loop(nest, 1).masked = true, loop(nest, 1).unroll = 1; }, false, true},
    {"MaskedPrefetch", "only whole vectors of a buffer are prefetched",
     [](LoopNest& nest) { statement<Load>(loop(nest).body).prefetch = 2048; }},
    {"WholeVectorsIntoAnOutput", "whole stores are contiguous and to local arguments",
     [](LoopNest& nest) { statement<Store>(loop(nest).body).whole = true; }},
    {"LanesThatAreNoPowerOfTwo", "lanes are a power of two",
     [](LoopNest& nest) { loop(nest).lanes = 12; }},
    {"RowsInOneAxis", "a nest of rank 1 has no rows",
     [](LoopNest& nest) { loop(nest).kind = LoopKind::parallel; }},
    {"LoopInALoopWithLanes", "loops with lanes stand in the loop over rows, or alone",
     [](LoopNest& nest) { loop(nest).body.insert(loop(nest).body.begin(), loop(nest, 1)); }},
    {"LanesOutsideTheRows", "loops with lanes stand in the loop over rows, or alone",
     [](LoopNest& nest) {
       nest.body.push_back(loop(nest).body.back());
       loop(nest).body.pop_back();
     },
     true},
    {"RowsNotOfTheCall", "the rows are those of the call",
     [](LoopNest& nest) { std::swap(loop(nest).from, loop(nest).to); }, true},
    {"RowsTwice", "one loop runs over the rows, around all others",
     [](LoopNest& nest) {
       nest.indices.push_back({IndexOp::variable, 0, {}, {}, 99});
       Loop again = loop(nest);
       again.digits.clear();
       again.body.clear();
       again.variable.index = static_cast<std::uint32_t>(nest.indices.size() - 1);
       nest.body.emplace_back(again);
     },
     true},
    {"RowsByTwo", "rows go one by one", [](LoopNest& nest) { loop(nest).lanes = 2; }, true},
    {"MissingDigit", "rows and blocks over several axes count in one digit per axis",
     [](LoopNest& nest) { loop(nest).digits.pop_back(); }, true},
    {"LanesInARowLoad", "outside loops with lanes a load is uniform",
     [](LoopNest& nest) { statement<Load>(loop(nest).body).lanes = LaneStride::contiguous; }, true},
};

TEST(LoopVerify, AcceptsWhatTheSchedulerMakes) {
  for (const test::NamedKernel& kernel : test::all_kernels()) {
    SCOPED_TRACE(kernel.name);
    verify(nest_of(kernel.make(100)));
    verify(nest_of(kernel.make(100), true));
  }
}

class LoopVerifyDeathTest : public testing::TestWithParam<Fault> {};

TEST_P(LoopVerifyDeathTest, NamesTheFault) {
  LoopNest nest = nest_for(GetParam());
  verify(nest);
  GetParam().plant(nest);
  EXPECT_DEATH(verify(nest), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Faults, LoopVerifyDeathTest, testing::ValuesIn(kFaults),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace sinter
