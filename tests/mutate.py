#!/usr/bin/env python3
"""Mutation test: plants faults in all rooms, one at a time, and prints which test finds each.

  python3 tests/mutate.py [name ...]
  python3 tests/mutate.py --check     only checks that the text of every fault is still in its file

Works on a copy of the tracked files under build/mutants; the tree itself is not changed. Tests with
golden files do not run: a fault must change a result or break a guarantee. The tests of the room
with the fault run first, and stop at the first failure. Exits with 1 when no test finds a fault, or
when the text that a fault replaces is missing. With CMAKE_CXX_COMPILER_LAUNCHER=ccache in the
environment, the rebuild after each fault is cheap.
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutants/tree"
BUILD = ROOT / "build/mutants/build"

# Name, file, text in the file, replacement.
FAULTS = [
    ("max form at slope 2", "ir/passes/expand.cpp", "slope > 0 && slope <= 1", "slope > 0"),
    ("max form at slope 0",
     "ir/passes/expand.cpp", "slope > 0 && slope <= 1", "slope >= 0 && slope <= 1"),
    ("tail mask off by one", "codegen/llvm/emitter.cpp", "CreateICmpSLT(lane_numbers(i32",
     "CreateICmpSLE(lane_numbers(i32"),
    ("swapped operands of max",
     "ir/functions/composites.cpp", "scaled.greater(x).select(scaled, x)",
     "scaled.greater(x).select(x, scaled)"),
    ("stale scalar", "runtime/passes.cpp", "values.push_back(program[parameter])",
     "values.push_back(program[0])"),
    ("every vector in flight uses the operands of the first", "codegen/llvm/emitter.cpp",
     "return binding.vectors[copy];", "return binding.vectors[0];"),
    ("row offset by the stride of another axis", "codegen/cpu/nest.cpp",
     "indices.mul(position, stride(argument, along))",
     "indices.mul(position, stride(argument, along == 0 ? 0 : along - 1))"),
    ("main loop runs one step too far", "codegen/cpu/nest.cpp",
     "indices.add(from, indices.round_down(indices.sub(to, from), step))",
     "indices.add(from, indices.add(indices.round_down(indices.sub(to, from), step), "
     "number(step)))"),
    ("carry of row counters missed", "codegen/llvm/emitter.cpp",
     "CreateICmpEQ(next[i], frame_.index", "CreateICmpSGT(next[i], frame_.index"),
    ("threads do not wait for the results of chunks", "codegen/schedule/reductions.cpp",
     "if (target.barriers) block.emplace_back(Barrier{});", ""),
    ("a part overwrites results that others still read", "codegen/schedule/reductions.cpp",
     "if (target.barriers && level > 1) chunks.body.emplace_back(Barrier{});", ""),
    ("half of a team does not take part in a fold", "codegen/cuda/emitter.cpp",
     "all.threads / 2));", "all.threads / 4));"),
    ("a GPU folds neighbouring lanes", "codegen/cuda/emitter.cpp",
     "combine(fold, element(i), element(i + half));",
     "combine(fold, element(i), element(i ^ 1));"),
    ("the last chunk reads beyond the row", "codegen/schedule/nest_draft.cpp",
     "indices.min(whole.to, indices.add(from, number(size)))", "indices.add(from, number(size))"),
    ("a GPU adds a column's chunks as one", "codegen/cuda/schedule_reduction.cpp",
     "const int levels = reductions_.levels(kChunkSteps);", "const int levels = 0;"),
    ("lanes beyond the end of a short row count", "codegen/llvm/emitter.cpp",
     "if (loop.masked) keep_masked(loop);", ""),
    ("a short row has lanes that no vector covers", "codegen/cpu/reductions.cpp",
     "while (lanes < row.unit.over.reduced_extent()) lanes *= 2;", ""),
    ("a kept row lacks its tail", "codegen/cpu/reductions.cpp",
     "    keep(nest, row, place, inner);\n", ""),
    ("a kept value counts as available in the pass that keeps it",
     "codegen/cpu/reductions.cpp",
     "keeping.push_back({i});", "keeping.push_back({i});\n    kept.known[i] = true;"),
    ("a power of -0.5 is a root", "ir/include/sinter/ir/elementwise.h",
     "if (exponent.is(-0.5)) return rsqrt();", "if (exponent.is(-0.5)) return sqrt();"),
    ("concurrent calls use more threads than the pool has", "runtime/executor.cpp",
     "!open_.empty() && running_ < most_running_;", "!open_.empty();"),
    ("workers do not join a call that began without them", "runtime/executor.cpp",
     "if (!open_.empty() && parked_ > 0) opened_.notify_one();", ""),
    ("a kernel's time is that of its bytes alone", "codegen/schedule/estimate.cpp",
     "std::max(moving, computing)", "std::max(moving, 0 * computing)"),
    ("the quota of a parent group is not read", "runtime/cpus.cpp",
     "if (group.rfind('/') == std::string::npos) break;", "break;"),
    ("max that drops NaN", "codegen/llvm/extremes.cpp", "id::maximum", "id::maxnum"),
    ("not_equal that is ordered", "codegen/llvm/ops.cpp", "CreateFCmpUNE(x[0], x[1])",
     "CreateFCmpONE(x[0], x[1])"),
    ("round half away from zero", "codegen/llvm/ops.cpp", "id::roundeven", "id::round"),
    ("streaming in place", "codegen/cpu/nest.cpp",
     "all = indices.mul(all, indices.distinct(output, input));", ""),
    ("streaming leaves out the steps of a call in place", "codegen/cpu/nest.cpp",
     "if (!streams_all) add(main,", "if (streams != 1) add(main,"),
    ("streaming without the alignment test", "codegen/cpu/nest.cpp",
     "count = indices.mul(count, indices.aligned(argument, here, vector_bytes(i)));",
     "static_cast<void>(here);"),
    ("axes are merged that are not contiguous", "codegen/schedule/collapse.cpp",
     "std::ranges::equal(outer.strides, inner.strides,",
     "!outer.strides.empty() || std::ranges::equal(outer.strides, inner.strides,"),
    ("the last block of an axis does not end with the axis", "codegen/cpu/schedule.cpp",
     "return nest.indices.min(from, nest.indices.sub(nest.indices.extent(axis), side));",
     "static_cast<void>(axis);\n    return from;"),
    ("transpose in registers misses a round", "codegen/llvm/transpose.cpp", "d > 0; d /= 2",
     "d > 1; d /= 2"),
    ("strip ends a block early", "codegen/cpu/schedule.cpp",
     "const Span all{nest.number(0), indices.blocks(indices.extent(row_axis), side)};",
     "const Span all{nest.number(0), indices.sub(indices.blocks(indices.extent(row_axis), side), "
     "nest.number(1))};"),
    ("every chunk of a row is the first", "codegen/schedule/reductions.cpp",
     "draft.part(range, chunks.variable, size)", "draft.part(range, draft.number(0), size)"),
    ("the identity of reduce_prod is not 1", "ir/graph/reduction.cpp",
     "case Op::reduce_prod:\n    case Op::reduce_all:", "case Op::reduce_all:"),
    ("neighbouring lanes are folded", "codegen/llvm/emitter.cpp",
     "parts[i] = combined(parts[i], parts[i + half]);",
     "parts[i] = combined(parts[2 * i], parts[2 * i + 1]);"),
    ("a carried value restarts in each iteration", "codegen/llvm/emitter.cpp",
     "->addIncoming(next.vectors[copy], last);\n      }",
     "->addIncoming(first[0], last);\n      }"),
    ("an axis after the dropped ones moves", "ir/plan/kernel_body.cpp",
     "if (axis == at) add_ones(count,", "if (axis == 0) add_ones(count,"),
    ("a block of a product uses the row values of another block",
     "codegen/cpu/nest.cpp",
     "at.positions[static_cast<std::size_t>(rows_axis())]", "sums->first_row"),
    ("rows of a product are reduced in the order of columns",
     "codegen/schedule/block_reductions.cpp",
     "return whole ? Reduces::all : Reduces::rows;",
     "return whole ? Reduces::all : Reduces::columns;"),
    ("column sums are written before all rows have read the memory that they overwrite",
     "codegen/cpu/schedule_product.cpp",
     "add_column_sums(nest_, by_columns, columns, columns_, sums, block);",
     "add_column_sums(nest_, by_columns, columns, columns_, sums, block);\n"
     "    add_column_outputs(nest_, by_columns, columns, sums, columns_,\n"
     "                       outputs_of(Reduces::columns, true), block);"),
    ("a row output after a product is stored in its first element only",
     "codegen/cpu/schedule_product.cpp", " && over_rows_.is_row_output(i);", ";"),
    ("an operand without elements is read once a row", "codegen/schedule/collapse.cpp",
     "if (shape[axis] == 0) layout.strides[axis] = 1;", ""),
    ("a product of more rows than a block is reduced by columns", "ir/plan/segment_rules.cpp",
     "shape[0] <= state.limits.product_rows", "shape[0] <= 2 * state.limits.product_rows"),
    ("a single column is reduced in the order of several", "ir/plan/segment_rules.cpp",
     "shape[1] == 1 && !frame.reduces(1)", "false"),
    ("the result's sign stands for x's under any slope", "ir/gradients/activations.cpp",
     "at.numbers[1].has_value() && *at.numbers[1] >= 0", "at.numbers[1].has_value()"),
    ("the other factor of a pair is taken for the one that is left out",
     "ir/gradients/movement.cpp", "of_pair.mul(of.high)", "of_pair.mul(of.low)"),
    ("a slope is taken from a result that saturates", "ir/gradients/functions.cpp",
     "at.g.mul(at.x[0].exp())", "at.g.mul(fn::add(at.y, 1))"),
    ("the second derivative of erf is 0 times infinity", "ir/gradients/functions.cpp",
     "const Value x = bounded(at, 32);", "const Value& x = at;"),
    ("the second derivative of softsign is 0 times infinity", "ir/gradients/activations.cpp",
     "at.g.div(denominator).div(denominator)", "at.g.div(denominator.square())"),
    ("the second derivative of x^0 is 0 times infinity", "ir/gradients/functions.cpp",
     "no_exponent.select(x.detach(), x)", "x"),
    ("an infinite logarithm is multiplied by a power of 0", "ir/gradients/functions.cpp",
     "fn::choose(is_steep, -largest, raised)", "raised"),
    ("1 - sigmoid(x) has the rounding error of 1", "ir/gradients/functions.cpp",
     "positive.select(w.neg(), w).sigmoid()", "positive.select(w, w).sigmoid()"),
    ("a quotient of infinities stands for a whole number", "ir/gradients/activations.cpp",
     "fn::choose(at.y.equal(b), 1, quotient)", "quotient"),
    ("a bound that is NaN bounds nothing", "ir/functions/composites.cpp", "low.not_equal(low)",
     "low.less(low)"),
    ("a correction larger than the count flips the sign of a variance",
     "ir/include/sinter/ir/reduction.h", "left > 0 ? left : 0", "left"),
    ("the maximum of no elements is accepted", "ir/include/sinter/ir/reduction.h",
     "detail::reduced_count(from, kept) == 0", "detail::reduced_count(from, kept) < 0"),
    ("columns are reduced in chunks of another length", "codegen/cpu/reductions.cpp",
     "const int top = unit.over.levels(kChunkSteps);",
     "const int top = unit.over.levels(kChunkSteps) > 1 ? 1 : 0;"),
    ("a kernel that copies a value writes the place from which it reads it", "ir/plan/partition.cpp",
     "readable_[node] && !read_stored_[node] && store.place == places_.place[node];", "false;"),
    ("kernels run in the order of groups and ignore dependences", "ir/plan/segment_kernels.cpp",
     "const auto slot = [this](NodeId id) { return slots_[id.index]; };",
     "const auto slot = [this](NodeId id) { return slots_[id.index].group; };"),
    ("a kernel of several shapes runs without its reductions", "ir/plan/segment_kernels.cpp",
     "find_slots([this](NodeId id) { return group_by_shape(id); });",
     "find_slots([this](NodeId id) { return group_of(id); });"),
    ("a plan may read what is written later", "ir/plan/verify.cpp",
     "use.last_write >= 0 && use.last_write < now;", "true;"),
    ("a plan may read any part once one is written", "ir/plan/verify.cpp",
     "if (stored_.contains({operand.buffer, read})) return;", "if (!stored_.empty()) return;"),
    ("a plan may write beyond a buffer", "ir/plan/verify.cpp",
     "reached.end() > whole.end()", "reached.lowest > whole.end()"),
    ("a plan may write elements twice", "ir/plan/verify.cpp", "if (sum->second != once)",
     "if (sum == sums_.end())"),
    ("a plan may leave a buffer unwritten", "ir/plan/verify.cpp", "if (uses_[i].writes == 0)",
     "if (uses_[i].writes == 0 && plan_.kernels.empty())"),
    ("a kernel of a plan may write any shapes", "ir/plan/verify.cpp",
     "reduced.empty() ? shape == first", "reduced.empty() ? first == first"),
    ("a plan may overwrite what a product reads", "ir/plan/verify.cpp",
     "if (!reread[i] && info(node.op).kind != OpKind::product) continue;",
     "if (!reread[i]) continue;"),
    ("temporaries of a plan may overlap", "ir/plan/verify.cpp",
     "std::prev(after)->second->end > next.begin", "std::prev(after)->second->end < next.begin"),
    ("temporaries may leave their memory",
     "ir/plan/verify.cpp", "of.end > room", "of.begin > room"),
    ("a temporary may begin over what is read in another order", "ir/plan/in_place.cpp",
     "reader.in_place && reader.walk == writer.walk", "true"),
    ("an input that is read twice is read in place", "ir/plan/in_place.cpp",
     "(last.in_place && last.walk == walk)", "(last.in_place || last.walk == walk)"),
    ("small temporaries are placed first", "ir/plan/temporaries.cpp",
     "std::tuple(-bytes_of(", "std::tuple(bytes_of("),
    ("free memory is free for other kernels too", "ir/plan/free_space.cpp",
     "end < of.second.until", "end <= of.second.until"),
    ("gradients add in the order of the trace, not of recording", "runtime/tensor/gradients.cpp",
     "  restore_recording_order();\n", ""),
    ("ops are moved to another trace without their origin", "runtime/tensor/trace.cpp",
     "origins_[copy.index] = from.origin_of(id);", "origins_[copy.index] = {from.serial_, id};"),
    ("running out of memory is reported as an error of the text", "ir/text/parse.cpp",
     "if (detail::is_out_of_memory(error)) throw;", ""),
    ("a temporary may lie in an input that is read", "ir/plan/verify.cpp",
     "last_read >= of.first;", "last_read > of.last;"),
    ("a temporary may lie in an output that is an input", "ir/plan/verify.cpp",
     "if (last_read_of_alike(host) >= of.first)", "if (last_read_of_alike(host) == kNever)"),
    ("a temporary may lie in an output that is written", "ir/plan/verify.cpp",
     "first_write <= of.last) refuse", "first_write < of.first) refuse"),
    ("a negative stride reaches forwards", "ir/plan/region.cpp",
     "if (stride < 0) region.lowest += stride * (shape[axis] - 1);", ""),
    ("f64 rounded twice on its way to 16 bits", "codegen/llvm/ops.cpp",
     "if (from == DType::f64) x = round_to_odd(builder, x);",
     "if (from == DType::f64 && x == nullptr) x = round_to_odd(builder, x);\n"
     "  if (from == DType::f64) x = builder.CreateFPTrunc(x, type_like(builder, x, DType::f32));"),
    ("bf16 ties away from even", "codegen/llvm/ops.cpp", "number(bits, 0xffff8001)",
     "number(bits, 0xffff8000)"),
    ("every NaN is assumed to have an empty lower half", "codegen/llvm/ops.cpp",
     "dtype == DType::bf16 || !is_floating(dtype) ? NanBits::upper_half : NanBits::any",
     "!is_floating(dtype) ? NanBits::any : NanBits::upper_half"),
    ("signed integers are zero-extended", "codegen/llvm/ops.cpp",
     "CreateIntCast(x, type, is_signed(from))", "CreateIntCast(x, type, false)"),
    ("unsigned integers become floats as signed ones", "codegen/llvm/ops.cpp",
     "builder.CreateUIToFP(x, type)", "builder.CreateSIToFP(x, type)"),
    ("u8 compared as signed", "codegen/llvm/ops.cpp", "is_signed ? with_sign : without",
     "is_signed ? with_sign : with_sign"),
    ("u8 minimum as signed", "codegen/llvm/ops.cpp", "id::smin : id::umin", "id::smin : id::smin"),
    ("shift by the width", "codegen/llvm/ops.cpp",
     "builder.CreateSelect(inside, builder.CreateShl(x, count), number(x, 0))",
     "builder.CreateSelect(inside, builder.CreateShl(x, count), x)"),
    ("arithmetic shift as a logical one", "codegen/llvm/ops.cpp", "builder.CreateAShr(x,",
     "builder.CreateLShr(x,"),
    ("x / 0 is x", "codegen/llvm/integers.cpp",
     "CreateSelect(by_zero, llvm::Constant::getNullValue(a->getType()), quotient)",
     "CreateSelect(by_zero, a, quotient)"),
    ("floats to integers as unsigned", "codegen/llvm/ops.cpp",
     "by.saturate(builder, is_signed(to), x, type)",
     "by.saturate(builder, !is_signed(to), x, type)"),
    ("a float below 1 becomes false", "codegen/llvm/ops.cpp",
     "CreateFCmpUNE(x, llvm::ConstantFP::getZero", "CreateFCmpONE(x, llvm::ConstantFP::getZero"),
    ("select takes the other value", "codegen/llvm/ops.cpp",
     "case Op::select: return builder.CreateSelect(x[0], x[1], x[2]);",
     "case Op::select: return builder.CreateSelect(x[0], x[2], x[1]);"),
    ("even and odd elements swapped in stores", "codegen/llvm/memory.cpp",
     "CreateOr(even, builder().CreateShl(odd, 16))", "CreateOr(odd, builder().CreateShl(even, 16))"),
    ("masks stored as all ones", "codegen/llvm/memory.cpp",
     "? builder().CreateZExt(value, type)", "? builder().CreateSExt(value, type)"),
    ("later vectors of a gather at the first one's place", "codegen/llvm/memory.cpp",
     "CreateInBoundsGEP(element, place, distance);\n  return builder()",
     "CreateInBoundsGEP(element, place, builder().getInt64(0));\n  return builder()"),
    ("lane distances in 32 bits",
     "codegen/llvm/function_builder.cpp", "llvm::Value* step = index(stride);",
     "llvm::Value* step = builder_.CreateZExt("
     "builder_.CreateTrunc(index(stride), builder_.getInt32Ty()), builder_.getInt64Ty());"),
    ("stride -1 taken as 1", "codegen/schedule/placement.cpp",
     "if (stride == -1) return LaneStride::reversed;",
     "if (stride == -1) return LaneStride::contiguous;"),
    ("a reversed vector begins at its first element", "codegen/llvm/memory.cpp",
     "1 - lanes * (copy + 1)", "0 - lanes * copy"),
    ("lanes of a reversed load stay", "codegen/llvm/memory.cpp",
     "load.lanes == LaneStride::reversed ? builder().CreateVectorReverse(vector) : vector",
     "load.lanes == LaneStride::reversed ? vector : vector"),
    ("the tail of a reversed vector is masked as if it lay forwards", "codegen/llvm/memory.cpp",
     "if (stride != LaneStride::reversed) return scope().masks[copy];",
     "return scope().masks[copy];"),
    ("a table's upper half is taken for the lower one", "codegen/llvm/lookup.cpp",
     "builder.CreateSelect(upper, found[2 * i + 1], found[2 * i])",
     "builder.CreateSelect(upper, found[2 * i], found[2 * i + 1])"),
    ("an index has five bits", "codegen/cuda/helpers.cpp", "[{} & 15])", "[{} & 31])"),
    ("tables left out of the code key",
     "codegen/loops/key.cpp", "  key.put_list(nest.tables);\n", ""),
    ("tables left out of the graph's key", "ir/graph/graph.cpp",
     "key.append_value(Record::table);\n    key.append_value(bits);", ""),
    ("a table is not rounded to its dtype", "ir/graph/graph.cpp",
     "return round_to(checked_scalar(value, dtype), dtype);", "return checked_scalar(value, dtype);"),
    ("intervals of gelu begin at 0", "ir/functions/error_functions.cpp",
     "interval_place(a, add(a, 1), polynomials)", "interval_place(a, add(a, 0), polynomials)"),
    ("the lower half of a product of residues is lost", "ir/functions/remainders.cpp",
     "return residue(add(rest, low));", "return residue(add(rest, mul(low, 0)));"),
    ("quotients of f32 end at 2^240", "ir/functions/remainders.cpp", "double scale = 0x1p240",
     "double scale = 0x1p192"),
    ("a subnormal dividend has the exponent of a normal one", "ir/functions/remainders.cpp",
     "choose(subnormal, sub(field, 54), field)", "choose(subnormal, sub(field, 53), field)"),
    ("stride 0 taken as 1", "codegen/schedule/placement.cpp",
     "if (stride == 0) return LaneStride::uniform;", "if (stride == 0) return LaneStride::contiguous;"),
    ("output strides ignored", "codegen/schedule/collapse.cpp",
     "dense ? dense_strides(shape) : strides", "dense_strides(shape)"),
    ("a repeated axis read at its stride", "codegen/schedule/collapse.cpp",
     "axis < 0 || layout.shape[axis] == 1 ? 0", "axis < 0 ? 0"),
    ("peel by the bytes of a vector of bytes", "codegen/cpu/nest.cpp",
     "indices.to_alignment(argument, offset(at, argument, from), vector_bytes(anchor))",
     "indices.to_alignment(argument, offset(at, argument, from), strategy.lanes)"),
    ("each_op does not round", "ir/passes/widen.cpp",
     "if (rounding_ == Rounding::at_store || made.held_by == storage) return made;",
     "return made;"),
    ("a cast to 16 bits does not round", "ir/passes/widen.cpp",
     "return {rounded(to, floating_source(to, operand), node.dtype), node.dtype};",
     "return {converted(to, operand, DType::f32)};"),
    ("a number that is converted keeps its f32 value", "ir/passes/widen.cpp",
     "return convert(to, node, settled(to, node, 0, operands[0]));",
     "return convert(to, node, operands[0]);"),
    ("a number that is moved keeps its f32 value",
     "ir/passes/widen.cpp", "own[i] = moves ? settled",
     "own[i] = moves && i > 9 ? settled"),
    ("16 bits are assumed to hold every bound", "ir/passes/widen.cpp",
     "return operand.op == Op::constant &&", "return is_number(operand) ||"),
    ("a rule of a gradient rounds after each of its ops", "ir/gradients/gradients.cpp",
     "if (converts || !is_storage_float(dtype))", "if (converts || info(dtype).bytes > 0)"),
    ("a reduction over separate groups of axes rounds after each group",
     "ir/include/sinter/ir/reduction.h",
     "groups.size() > 1 && is_storage_float(dtype)", "groups.size() > 9 && is_storage_float(dtype)"),
    ("tensors round where they are stored", "runtime/engine.cpp",
     "return {.rounding = Rounding::each_op};", "return {.rounding = Rounding::at_store};"),
    ("a large intermediate is stored without need", "runtime/tensor/trace.cpp",
     "grows && !known[node->id.index]", "grows && node == nullptr"),
    ("an op that stays recorded is rematerialised by every run", "runtime/tensor/trace.cpp",
     "grows && !known[node->id.index]", "grows"),
    ("an op that stays recorded keeps its whole trace alive", "runtime/tensor/recorder.cpp",
     "static_cast<void>(std::make_shared<Trace>(++serial_)->place(node));", ""),
    ("an op that stays recorded loses its input", "runtime/tensor/recorder.cpp",
     "if (input.use_count() == 1 && !needed[i])", "if (input.use_count() == 1)"),
    ("an output in an input's buffer may have another layout", "runtime/signature.cpp",
     "first.shape == second.shape &&\n                    same_walk(first.shape, first.strides, second.strides)",
     "first.shape == second.shape"),
    ("an input that may not be written is donated", "runtime/signature.cpp",
     "(view.writable || !spec.donated)", "(view.writable || !spec.donated || spec.bytes > 0)"),
    ("a const view becomes writable", "runtime/include/sinter/runtime/view.h",
     "bool writable = false;", "bool writable = true;"),
    ("wide alternating elements count as disjoint", "runtime/footprint.cpp",
     ".reaches(distance - a.footprint->run() + 1, distance + b.footprint->run() - 1)",
     ".reaches(distance, distance)"),
    ("a buffer's last step is left out of its footprint", "runtime/footprint.cpp",
     "insert({step, shape[axis] - 1});", "insert({step, shape[axis] - 2});"),
    ("a footprint that wraps around overlaps nothing at the beginning", "runtime/footprint.cpp",
     "end = std::max(end, range.end() - circumference);", "end = std::max<std::uint64_t>(end, 0);"),
    ("a child waits for what its parent was making", "runtime/cache/cache.h",
     "return flight->process != own;", "return flight->process == 0 && own != 0;"),
    ("a lock that a thread of the parent holds stays taken in a child", "runtime/process.cpp",
     "const bool is_foreign = !is_free && (seen & ~kWaited) != own;",
     "const bool is_foreign = !is_free && own == 0;"),
    ("a child uses state that may be torn", "runtime/process.h",
     "if (owner.mutex_.lock()) new (&owner.state_) State();",
     "static_cast<void>(owner.mutex_.lock());"),
    ("the planner forgets that reductions follow a product", "ir/plan/kernel_frame.cpp",
     "frame.reduces_product = reduction.has_value();", ""),
    ("a module of another build is called", "runtime/cpu/llvm_compiler.cpp",
     "std::string_view(compiler->build) == build_id", "compiler != nullptr"),
    ("a module is looked for beside the chosen one", "runtime/cpu/llvm_compiler.cpp",
     "return library ? check_build(library, attempts) : nullptr;",
     "if (library) return check_build(library, attempts);"),
    ("a program looks for the module where argv[0] leads", "runtime/cpu/llvm_compiler.cpp",
     "*name == '\\0' ? \"/proc/self/exe\" : name",
     "*name == '\\0' ? info.dli_fname : name"),
    ("the module is looked for in the root folder", "runtime/cpu/llvm_compiler.cpp",
     "if (folder.empty()) return {kModule};", ""),
    ("a vector is looked up in shorter registers", "codegen/llvm/lowerings.cpp",
     "has(by) && target.vector_bytes <= register_bytes", "has(by) && register_bytes > 0"),
    ("a feature counts although its registers are not saved", "runtime/cpu/host_cpu.cpp",
     "(cpuid_.enabled_states & feature.states) == feature.states", "true"),
    ("code for another system runs here", "runtime/cpu/host.cpp",
     "machine_of(target.triple) != machine_of(kTriple)",
     "machine_of(kTriple) != machine_of(kTriple)"),
    ("a child compiles with tables that are half filled in", "runtime/llvm/jit.cpp",
     "if (first_compile.lock()) torn.store(true,", "if (first_compile.lock()) torn.store(false,"),
    ("a child uses tensors that may be torn", "runtime/tensor/recorder.cpp",
     "if (tensor.node_->process >= whole_from_) continue;",
     "if (tensor.node_->process != 0) continue;"),
    ("running out of memory is not turned into an Error", "ir/graph/error.cpp",
     "} catch (const std::bad_alloc&) {\n    throw Error(kNoMemory);",
     "} catch (const std::bad_alloc&) {\n    throw;"),
    ("a node whose record found no memory stays", "ir/graph/graph.cpp",
     "  make_room();\n  Node node{op,", "  Node node{op,"),
    ("a buffer that found no memory keeps its input taken", "runtime/tensor/trace.cpp",
     "if (inputs_.size() == inputs_.capacity()) inputs_.reserve(2 * inputs_.size() + 1);", ""),
    ("an executor without a thread is accepted",
     "runtime/engine.cpp", "if (threads >= 1) return threads;",
     "if (threads >= -9) return threads;"),
    ("the environment is read with more rights than the user's", "runtime/environment.cpp",
     "secure_getenv(name)", "getenv(name)"),
    ("a signal ends the output of a disassembler", "runtime/cuda/disassemble.cpp",
     "(got < 0 && errno != EINTR)", "got < 0"),
    ("a buffer with a negative stride begins at its first element", "runtime/signature.cpp",
     "spec.first_byte = reach(spec.shape, spec.strides).lowest * spec.alignment;",
     "spec.first_byte = 0;"),
    ("views of other strides are accepted", "runtime/signature.cpp",
     "shape[axis] > 1 && a[axis] != b[axis]", "shape[axis] > 1 && a[axis] == 0 && b[axis] != 0"),
    ("dtypes of arguments left out of the code key", "codegen/loops/key.cpp",
     "put_all(argument.dtype, argument.output, argument.local)",
     "put_all(argument.output, argument.local)"),
    ("class of lane strides left out of the code key", "codegen/loops/key.cpp",
     "put_all(load.result, load.argument, load.lanes, load.offset,",
     "put_all(load.result, load.argument, load.offset,"),
    ("rounding left out of the cache key", "runtime/engine.cpp",
     "options.specialize, options.rounding}", "options.specialize, Rounding::at_store}"),
    ("strides left out of the graph's key", "ir/graph/graph.cpp",
     "key.append_text(name);\n  key.append_dims(inputs.back().strides);", "key.append_text(name);"),
    ("floor_divide rounds towards zero", "ir/functions/remainders.cpp",
     "rounds_up(rest, b).select(lower, quotient)", "rounds_up(rest, b).select(quotient, quotient)"),
    ("remainder has the sign of a",
     "ir/functions/remainders.cpp", "rounds_up(rest, b).select(moved, rest)",
     "rounds_up(rest, b).select(rest, rest)"),
    ("strides are not printed", "ir/text/print.cpp",
     'strides.empty() ? "" : " strides " + to_string(strides)', 'true ? "" : to_string(strides)'),
    ("a slice begins at the first element", "ir/graph/layout.cpp",
     "result.offset += slice.start[axis] * stride;", "result.offset += 0 * stride;"),
    ("a slice that goes down goes up", "ir/graph/layout.cpp",
     "walked ? slice.step[axis] * stride : stride",
     "walked ? std::abs(slice.step[axis]) * stride : stride"),
    ("a reshape joins axes that are not contiguous", "ir/graph/layout.cpp",
     "result.strides[last] == length * stride", "result.strides[last] >= stride"),
    ("the second part of a concat is written over the first", "ir/plan/live_values.cpp",
     "second.start[axis] += graph_.shape(node.operands[0])[axis];", ""),
    ("a concat is read before its parts are written", "ir/plan/segments.cpp",
     "first = std::max(first, state_.result.home[part.node.index] + 1)",
     "first = std::min(first, state_.result.home[part.node.index] + 1)"),
    ("a permuted input is walked as if dense", "ir/plan/place_views.cpp",
     "if (to.node(x).op == Op::input) x = to.view(x, memory_of(to, x).layout);", ""),
    ("a bitcast keeps the payload of NaN", "codegen/llvm/ops.cpp",
     "return builder.CreateSelect(is_nan, number(bits, quiet), bits);",
     "return builder.CreateSelect(is_nan, bits, bits);"),
    ("every vector counts from the first", "codegen/llvm/emitter.cpp",
     "llvm::ConstantInt::get(type, std::uint64_t{copy} * scope().lanes);\n    llvm::Value* from",
     "llvm::ConstantInt::get(type, std::uint64_t{copy} * 0);\n    llvm::Value* from"),
    ("the verifier accepts any dtype", "ir/graph/verify.cpp",
     "if (type.dtype != node.dtype || type.shape != shape) {", "if (type.shape != shape) {"),
    ("a tile of a GPU runs into the next tile", "codegen/cuda/schedule.cpp",
     "indices.min(count, indices.add(from, nest.number(tile)))",
     "indices.add(from, nest.number(tile))"),
    ("vectors of a GPU without the alignment test", "codegen/cuda/schedule.cpp",
     "indices.mul(whole_steps(tile), nest.all_aligned())", "whole_steps(tile)"),
    ("an output without elements keeps strides of 0", "codegen/schedule/collapse.cpp",
     "strides.empty() || shape.elements() == 0", "strides.empty()"),
    ("vectors of a GPU cross rows", "codegen/cuda/strategy.cpp",
     "std::int64_t bits = most | space.extents.back();",
     "std::int64_t bits = most;"),
    ("every index of a GPU is narrow",
     "codegen/cuda/nest.cpp", "return elements < kNarrow;",
     "return elements < 1e300;"),
    ("vectors in flight overlap", "codegen/cuda/step.cpp",
     'fmt::format(" + k * {}", loop.threads * loop.lanes)', 'fmt::format(" + k * {}", loop.lanes)'),
    ("a thread divides by the length of the wrong axis", "codegen/cuda/text.cpp",
     'rest += fmt::format(" / {}", term(radix));', 'rest += fmt::format(" / {}", term(digits[0].radix));'),
    ("a caller's argument tables are said never to change", "codegen/llvm/function_builder.cpp",
     "return builder_.CreateAlignedLoad(type, base, llvm::Align(8));",
     "llvm::LoadInst* load = builder_.CreateAlignedLoad(type, base, llvm::Align(8));\n"
     "  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(context(), {}));\n"
     "  return load;"),
    ("all tasks of a launch share the first scratch block", "runtime/cpu/launch.cpp",
     "+ block * kernel.scratch_bytes", "+ 0 * block"),
    ("a workspace has room for one scratch block", "runtime/program.cpp",
     "std::max(scratch, kernel.scratch_blocks * kernel.scratch_bytes)",
     "std::max(scratch, kernel.scratch_bytes)"),
    ("local memories overlap in scratch", "codegen/loops/local_memory.cpp",
     "bytes += aligned_bytes(nest.arguments[i]);", "bytes = aligned_bytes(nest.arguments[i]);"),
    ("local memories of any size lie on the stack", "codegen/loops/local_memory.cpp",
     "return bytes == 0 ||", "return bytes >= 0 ||"),
    ("every number of a kernel is a vector on the stack", "codegen/llvm/emitter.cpp",
     "if (hoisted_splats_ == 2 * vector_registers_)", "if (hoisted_splats_ < 0)"),
    ("one pass accumulates any number of reductions", "codegen/schedule/reduction_passes.cpp",
     "kMostInAWalk = 16", "kMostInAWalk = 1000"),
    ("stack probes of a large frame clobber a live register", "codegen/llvm/target.cpp",
     'any_has(module, "probe-stack")', 'any_has(module, "")'),
    ("a tile of a GPU's product is accumulated before it is fully staged",
     "codegen/cuda/schedule_product.cpp",
     "stage(tile.matrix, tile.columns, depth, block);\n  block.emplace_back(Barrier{});",
     "stage(tile.matrix, tile.columns, depth, block);"),
    ("a GPU's product sums beyond its end", "codegen/cuda/schedule_product.cpp",
     "indices.min(left, number(product_.depth))", "number(product_.depth)"),
    ("a GPU's product reads beyond its last row", "codegen/cuda/schedule_product.cpp",
     "return nest_.indices.min(place, nest_.indices.sub(nest_.indices.extent(axis), number(1)));",
     "return place;"),
    ("a GPU's product stores columns beyond the last one", "codegen/cuda/step.cpp",
     'by_lane && loop.lanes > 1 ? " + j" : ""', '""'),
    ("every depth of a GPU's product restarts from zero", "codegen/cuda/emitter.cpp",
     "if (lanes.name.empty()) lanes = declare_carried(loop, carry);",
     "lanes = declare_carried(loop, carry);"),
    ("a tile of a product is as wide as high", "codegen/schedule/collapse.cpp",
     "parts(matrices[1], columns)", "parts(matrices[1], rows)"),
    ("every chunk of a GPU is the first", "codegen/cuda/schedule_reduction.cpp",
     "at[before - 1]", "nest_.number(0)"),
    ("zeros have no sign in CUDA's max", "codegen/cuda/helpers.cpp",
     "__float_as_uint(a) & __float_as_uint(b)", "__float_as_uint(a) | __float_as_uint(b)"),
    ("f64 rounded twice in CUDA C", "codegen/cuda/ops.cpp",
     'if (from == DType::f64) single = helpers.call("f64_to_odd_f32", x);',
     'if (from == DType::f64) single = cast(DType::f32, x);'),
    ("subnormal f16 rounded up in CUDA C", "codegen/cuda/helpers.cpp", "magnitude >> 13 & 1u",
     "magnitude >> 14 & 1u"),
    ("CUDA C saturates late", "codegen/cuda/helpers.cpp", "if (x >= $A) return $M;",
     "if (x > $A) return $M;"),
    ("tensors of one run are not distinguished", "runtime/tensor/lineage.cpp",
     "if (tensors[id] != nullptr) set_bit(own, bit++);",
     "if (tensors[id] != nullptr && ++bit > 0 && !is_output) set_bit(own, bit - 1);"),
    ("pending tensors of a run are left out of its lineage", "runtime/tensor/lineage.cpp",
     "if (tensors[id] != nullptr) set_bit(own, bit++);",
     "if (tensors[id] != nullptr && ++bit > 0 && (is_output || node.op == Op::input)) "
     "set_bit(own, bit - 1);"),
    ("a gradient is assumed to pass a detached tensor", "runtime/tensor/lineage.cpp",
     "&& passes_gradient(graph, {id}, i)", ""),
    ("paths through two runs are not followed", "runtime/tensor/lineage.cpp",
     "visit(run.sources[bit].evaluated);", "static_cast<void>(bit);"),
    ("paths through a dropped tensor are forgotten", "runtime/tensor/lineage.cpp",
     "} else if (source.evaluated.run != 0) {", "} else if (source.evaluated.run == UINT64_MAX) {"),
    ("dropped tensors stay in the lineage", "runtime/tensor/lineage.cpp",
     "if (bytes_ >= forget_at_) forget_what_is_gone();", ""),
    ("a function of values may return values of another graph", "runtime/tensor/recorder.cpp",
     "if (trace_->graph().holds(results[i])) continue;", "if (i < results.size()) continue;"),
    ("equal ops are one value", "ir/graph/graph.cpp",
     "Graph::Graph() try : data_(std::make_shared<detail::GraphData>()) {",
     "Graph::Graph() try : data_(std::make_shared<detail::GraphData>()) { "
     "data_->merge_equal_nodes(true);"),
    ("equal nodes stay apart in passes", "ir/graph/graph.cpp", "if (merges) node_index_.emplace();",
     "static_cast<void>(merges);"),
    ("two gradients are one value", "ir/gradients/gradients.cpp",
     "of_.size() == 1 ? value : value.convert(value.dtype())", "value"),
    ("a concat of one part is that part", "ir/include/sinter/ir/structure.h",
     "if (parts.size() == 1) return joined.convert(joined.dtype());", ""),
    ("a number that is used twice prints as two", "ir/text/print.cpp", "|| uses[i] != 1)",
     "|| uses[i] == 0)"),
    ("a tensor's memory is given away while others hold it", "runtime/tensor/recorder.cpp",
     "if (input.use_count() == 1 && !needed[i])", "if (!needed[i])"),
    ("a kernel gets the parameters of the first", "runtime/cuda/launches.cpp",
     "*parameters++ = place(kernel.parameters[position]);",
     "*parameters++ = place(kernel.parameters[0]);"),
    ("a launch forgets where in a buffer its argument begins", "runtime/program.h",
     "begin + static_cast<std::uintptr_t>(byte_offset)", "begin + 0 * static_cast<std::uintptr_t>(byte_offset)"),
    ("an unusable module stays loaded", "runtime/cuda/jit.cpp",
     "device_->driver().module_unload(loaded.module);\n  loaded_.pop_back();",
     "loaded_.pop_back();"),
    ("a context stays current",
     "runtime/cuda/device.cpp", "if (pushed_) device_.driver_.context_pop(&ignored);",
     "static_cast<void>(ignored);"),
    ("a driver that has ended is called", "runtime/cuda/device.cpp",
     "getpid() == process_ && !process_ends", "getpid() == process_"),
    ("a child releases what its parent holds", "runtime/cuda/device.cpp",
     "return getpid() == process_ && !process_ends;", "return !process_ends;"),
    ("a context is known by its address alone", "runtime/cuda/device.cpp",
     "return told ? number : 0;", "return told ? 0 : number;"),
    ("the greater of two zeros is the second", "codegen/llvm/extremes.cpp",
     "op == Op::max ? builder.CreateAnd(ab, ba) : builder.CreateOr(ab, ba)",
     "op == Op::max ? ab : ba"),
    ("a NaN counts in the first operand only", "codegen/llvm/extremes.cpp",
     "builder.CreateFCmpUNO(a, b)", "builder.CreateFCmpUNO(a, a)"),
    ("long columns are not split into chunks", "ir/plan/chunk_reductions.cpp",
     "(units >= limits_.units && !is_apart)", "units >= limits_.units"),
    ("bytes are gathered lane by lane", "codegen/llvm/lowerings.h",
     "return gathers && info(dtype).bytes >= 4;",
     "return gathers && info(dtype).bytes > 0;"),
    ("bytes are scattered lane by lane", "codegen/llvm/lowerings.h",
     "return scatters && info(dtype).bytes >= 4;",
     "return scatters && info(dtype).bytes > 0;"),
    ("strided lanes beyond the end are accessed", "codegen/llvm/memory.cpp",
     "lanes.active = builder().CreateBinaryIntrinsic(llvm::Intrinsic::smin, scope().remaining,",
     "lanes.active = builder().CreateBinaryIntrinsic(llvm::Intrinsic::smax, scope().remaining,"),
    ("vectors of 32-bit integers are divided in f32", "codegen/llvm/integers.cpp",
     "words ? builder.getDoubleTy() : builder.getFloatTy()", "builder.getFloatTy()"),
    ("vectors of bytes are divided lane by lane", "codegen/llvm/integers.cpp",
     "a->getType()->getScalarSizeInBits() <= kWord;",
     "a->getType()->getScalarSizeInBits() == kWord;"),
    ("x86 converts to integers lane by lane", "codegen/llvm/lowerings.cpp",
     "use.saturate = saturate_by_comparing;", ""),
    ("a portable look-up ignores the highest bit of the index", "codegen/llvm/lookup.cpp",
     "llvm::ConstantInt::get(index->getType(), std::uint64_t{1} << bit)",
     "llvm::ConstantInt::get(index->getType(), (std::uint64_t{1} << bit) & 7)"),
    ("f16 rounded away from even by integers", "codegen/llvm/float16.cpp",
     "number(bits, 0xfff - kBias)", "number(bits, 0x1000 - kBias)"),
    ("subnormal f16 lost by integers", "codegen/llvm/float16.cpp",
     "builder.CreateSelect(is_small, subnormal, normal)",
     "builder.CreateSelect(is_small, number(bits, 0), normal)"),
    ("streaming stores without a fence", "codegen/llvm/lowerings.cpp",
     "use.fence = fence_by_sfence;", "use.fence = no_fence;"),
    ("a vector converts NaN to an end of the range", "codegen/llvm/integers.cpp",
     "builder.CreateSelect(builder.CreateFCmpORD(x, x), whole, zero);",
     "builder.CreateSelect(builder.CreateFCmpORD(x, x), whole, whole);\n"
     "  static_cast<void>(zero);"),
    ("a division of bytes counts as one instruction", "ir/plan/cost.cpp",
     "constexpr int kDivisionOfBytes = 40;", "constexpr int kDivisionOfBytes = 1;"),
    ("a body of many instructions has several vectors in flight", "codegen/cpu/strategy.cpp",
     "pressure.operations > model.large_body || pressure.instructions > model.large_code",
     "pressure.operations > model.large_body"),
    ("a negative axis of a concat stays negative",
     "ir/graph/structure.cpp", "  list[0] = axis;\n", ""),
    ("the verifier accepts attributes that are not canonical", "ir/graph/verify.cpp",
     "if (canonical.lists != recorded.lists) {", "if (false) {"),
    ("a slice of one element keeps its step", "ir/graph/structure.cpp",
     "    if (shape[axis] <= 1) step[axis] = 1;\n", ""),
    ("a table has a row for an op beyond the last",
     "ir/graph/tables.cpp", "if (position < table.size())",
     "if (position <= table.size())"),
    ("numbers are rounded in the caller's rounding mode", "ir/graph/element.cpp",
     "std::uint64_t element_bits(double value, DType dtype) {\n"
     "  const detail::FloatEnvironment environment;\n",
     "std::uint64_t element_bits(double value, DType dtype) {\n"),
    ("rounding modes are the caller's", "ir/include/sinter/ir/float_environment.h",
     "static constexpr unsigned kStickyFlags = 0x3f;",
     "static constexpr unsigned kStickyFlags = 0x603f;"),
    ("integers of text are rounded up to 2^60", "ir/text/cursor.cpp", ">= 0x1p53", ">= 0x1p60"),
    ("outputs lose their strides in text",
     "ir/text/print.cpp", "strides_text(output.strides)", "\"\""),
]

# Test programs in the order in which they run, with their arguments.
TESTS = [
    ("fuzz/sinter_fuzz", ["--seed", "1", "--graphs", "1500", "--no-shrink"]),
    ("tests/sinter_property_test", []),
    ("tests/sinter_codegen_test", ["--gtest_filter=-*Golden*:*Text*:*Prints*"]),
    ("tests/sinter_runtime_test", []),
    ("tests/sinter_allocation_test", []),
    ("tests/sinter_ir_test", ["--gtest_filter=-*Golden*"]),
    ("tests/sinter_cuda_test", ["--gtest_filter=-Nvrtc*:OnDevice*"]),
]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)


def copy_tree():
    COPY.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout
    names = {os.fsdecode(name) for name in filter(None, files.split(b"\0"))}
    for left_over in COPY.rglob("*"):
        if left_over.is_file() and str(left_over.relative_to(COPY)) not in names:
            left_over.unlink()
    for name in names:
        source, target = ROOT / name, COPY / name
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())


def configure():
    command = ["cmake", "-S", COPY, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
               "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DSINTER_BENCH=OFF",
               "-DSINTER_BENCHMARKS=OFF", "-DSINTER_EXAMPLES=OFF"]
    result = run(command)
    if result.returncode != 0:
        sys.exit(result.stdout)


def build():
    result = run(["ninja", "-C", BUILD, f"-j{os.cpu_count()}"] + [test for test, _ in TESTS])
    if result.returncode != 0:
        sys.exit(result.stdout[-4000:])


def find(room=""):
    """Returns the first test that fails, or None. Runs the tests of the room first."""
    environment = dict(os.environ, GTEST_FAIL_FAST="1")
    for program, arguments in sorted(TESTS, key=lambda test: room not in test[0]):
        try:
            result = run([BUILD / program, *arguments], env=environment, timeout=600)
        except subprocess.TimeoutExpired:
            return f"{program}: does not end"
        if result.returncode == 0:
            continue
        if program.startswith("fuzz/"):
            graphs = [line for line in result.stdout.splitlines() if line.endswith(" graphs")]
            return f"sinter_fuzz, after {(graphs or ['0 graphs'])[-1]}"
        running = [line for line in result.stdout.splitlines() if line.startswith("[ RUN ")]
        failed = [line for line in result.stdout.splitlines() if line.startswith("[  FAILED  ]")]
        line = (failed or running or [""])[0 if failed else -1]
        crash = "" if failed else " (it crashes)"
        return f"{line.split(']')[-1].split('(')[0].strip()}{crash}"
    return None


def places(root, file, text):
    return (root / file).read_text().count(text)


def check():
    """Prints faults whose text is not exactly once in their file. True if there are none."""
    gone = [(name, file, count) for name, file, text, _ in FAULTS
            if (count := places(ROOT, file, text)) != 1]
    for name, file, count in gone:
        print(f"GONE    {name}: its text is in {file} {count} times")
    print(f"{len(FAULTS) - len(gone)} of {len(FAULTS)} faults still apply")
    return not gone


def main():
    wanted = sys.argv[1:]
    if "-h" in wanted or "--help" in wanted:
        sys.exit(print(__doc__))
    if wanted == ["--check"]:
        sys.exit(0 if check() else 1)
    unknown = set(wanted) - {fault[0] for fault in FAULTS}
    if unknown:
        sys.exit(f"mutate.py: no fault is called {', '.join(sorted(unknown))}")
    copy_tree()
    configure()
    build()
    if found := find():
        sys.exit(f"{found} fails without any fault")
    lost = 0
    for name, file, text, fault in FAULTS:
        if wanted and name not in wanted:
            continue
        path = COPY / file
        original = path.read_text()
        if (count := places(COPY, file, text)) != 1:
            print(f"GONE    {name}: its text is in {file} {count} times")
            lost += 1
            continue
        path.write_text(original.replace(text, fault))
        try:
            build()
            found = find(pathlib.Path(file).parts[0] + "_test")
        finally:
            path.write_text(original)
        lost += found is None
        print(f"{'found ' if found else 'MISSED'}  {name}: {found or 'by no test'}", flush=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
