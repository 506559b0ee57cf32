// Signature: its construction from a plan, and the check of views. `fits` and `fits_as_output`
// accept a view; `refuse` finds the error message of a view that they reject.
#include "signature.h"

#include <algorithm>

#include <fmt/format.h>

namespace sinter::detail {
namespace {

/// Number of pairs (a written buffer and any other) up to which comparing all pairs is faster than
/// sorting the buffers.
constexpr std::size_t kManyPairs = 4096;

// --- Expectations -------------------------------------------------------------------------------

/// True if two stride lists address the same elements of `shape`; strides of axes of length 1 do
/// not count.
bool same_walk(const Shape& shape, const Strides& a, const Strides& b) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] > 1 && a[axis] != b[axis]) return false;
  }
  return true;
}

BufferSpec make_spec(const Graph& graph, NodeId node, std::string label, const Strides& strides) {
  BufferSpec spec;
  spec.label = std::move(label);
  spec.dtype = graph.node(node).dtype;
  spec.alignment = info(spec.dtype).bytes;
  spec.shape = graph.shape(node);
  const Strides dense = dense_strides(spec.shape);
  spec.strides = strides.empty() ? dense : strides;
  spec.dense = spec.shape.elements() == 0 || same_walk(spec.shape, spec.strides, dense);
  spec.footprint = Footprint(spec.shape, spec.strides, spec.alignment);
  spec.first_byte = reach(spec.shape, spec.strides).lowest * spec.alignment;
  spec.bytes = spec.footprint.bytes();
  return spec;
}

// --- Accepting a view ---------------------------------------------------------------------------

bool same_strides(const Strides& strides, const BufferSpec& spec) {
  if (strides.empty()) return spec.dense;
  return strides.rank() == spec.shape.rank() &&
         (spec.bytes == 0 || same_walk(spec.shape, strides, spec.strides));
}

bool is_aligned(const void* data, const BufferSpec& spec) {
  return (reinterpret_cast<std::uintptr_t>(data) & (spec.alignment - 1U)) == 0;
}

/// True if `memory` may be on `device`. A view with the default device (CPU) passes: programs for a
/// GPU then ask the driver.
bool may_be_on(Device memory, Device device) {
  return memory == device || memory.kind() == Device::Kind::cpu;
}

bool fits_as_output(const auto& view, const BufferSpec& spec, Device device) {
  return may_be_on(view.device, device) && view.dtype == spec.dtype && view.shape == spec.shape &&
         same_strides(view.strides, spec) &&
         (spec.bytes == 0 || (view.data != nullptr && is_aligned(view.data, spec)));
}

/// As fits_as_output, for an input. A program may overwrite a donated input, so its view must be
/// writable.
bool fits(const ConstTensorView& view, const BufferSpec& spec, Device device) {
  return fits_as_output(view, spec, device) && (view.writable || !spec.donated);
}

PlacedFootprint placed(const void* data, const BufferSpec& spec) {
  return {reinterpret_cast<std::uintptr_t>(data) + static_cast<std::uintptr_t>(spec.first_byte),
          &spec.footprint};
}

bool ranges_overlap(const void* a, const BufferSpec& a_spec, const void* b,
                    const BufferSpec& b_spec) {
  const auto a_begin =
      reinterpret_cast<std::uintptr_t>(a) + static_cast<std::uintptr_t>(a_spec.first_byte);
  const auto b_begin =
      reinterpret_cast<std::uintptr_t>(b) + static_cast<std::uintptr_t>(b_spec.first_byte);
  return a_begin < b_begin + static_cast<std::uintptr_t>(b_spec.bytes) &&
         b_begin < a_begin + static_cast<std::uintptr_t>(a_spec.bytes);
}

// --- Error messages -----------------------------------------------------------------------------

std::string type_text(DType dtype, const Shape& shape) {
  return fmt::format("{}{}", to_string(dtype), to_string(shape));
}

[[noreturn]] void refuse_strides(const Strides& strides, const BufferSpec& spec, bool output) {
  const std::string given =
      strides.empty() ? "a dense view" : fmt::format("strides {}", to_string(strides));
  fail(ErrorCode::invalid_buffer,
       fmt::format(
           "{} of shape {} was declared {}, got {}: give Graph::{} the strides of the buffer",
           spec.label, to_string(spec.shape),
           spec.dense ? "dense" : fmt::format("with strides {}", to_string(spec.strides)), given,
           output ? "output" : "input"));
}

[[noreturn]] void refuse(const ConstTensorView& view, const BufferSpec& spec, Device device,
                         bool output) {
  if (!may_be_on(view.device, device)) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("{} is memory of {}, the program runs on {}", spec.label,
                     to_string(view.device), to_string(device)));
  }
  if (view.dtype != spec.dtype) {
    fail(ErrorCode::dtype_mismatch,
         fmt::format("{} is {}, got a view of {}", spec.label, type_text(spec.dtype, spec.shape),
                     type_text(view.dtype, view.shape)));
  }
  if (view.shape != spec.shape) {
    fail(ErrorCode::shape_mismatch,
         fmt::format("{} has shape {}, got a view of shape {}", spec.label, to_string(spec.shape),
                     to_string(view.shape)));
  }
  if (!same_strides(view.strides, spec)) refuse_strides(view.strides, spec, output);
  if (spec.donated && !view.writable) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("{} is donated, so the program may write over it, and its view is read-only: "
                     "give a view of memory that is not const, or do not donate it",
                     spec.label));
  }
  if (view.data == nullptr) {
    fail(ErrorCode::invalid_buffer, fmt::format("{} is {} and not empty, got null data", spec.label,
                                                type_text(spec.dtype, spec.shape)));
  }
  fail(ErrorCode::invalid_buffer,
       fmt::format("{} at {} is not aligned to its element: {} needs a multiple of {} bytes",
                   spec.label, fmt::ptr(view.data), to_string(spec.dtype), spec.alignment));
}

[[noreturn]] void refuse_overlap(const BufferSpec& output, const void* output_data,
                                 const BufferSpec& other, const void* other_data) {
  fail(ErrorCode::invalid_buffer,
       fmt::format("{} ({} bytes at {}) overlaps {} ({} bytes at {}): an output may be the very "
                   "buffer and layout of an input, and must lie apart from everything else",
                   output.label, output.bytes, fmt::ptr(output_data), other.label, other.bytes,
                   fmt::ptr(other_data)));
}

void check_count(std::size_t given, std::span<const BufferSpec> expected, std::string_view what) {
  if (given == expected.size()) return;
  std::string names;
  for (const BufferSpec& spec : expected) {
    names += (names.empty() ? ": " : ", ") + spec.label;
  }
  fail(ErrorCode::invalid_argument,
       fmt::format("the program has {} {}{}{}; got {} view{}", expected.size(), what,
                   expected.size() == 1 ? "" : "s", names, given, given == 1 ? "" : "s"));
}

}  // namespace

Signature::Signature(const Graph& graph, const Plan& plan)
    : in_place_(plan, graph.inputs().size() + graph.outputs().size()) {
  for (const GraphInput& input : graph.inputs()) {
    inputs_.push_back(
        make_spec(graph, input.node, fmt::format("input '{}'", input.name), input.strides));
    inputs_.back().donated = input.donated;
  }
  for (const GraphOutput& output : graph.outputs()) {
    outputs_.push_back(
        make_spec(graph, output.node, fmt::format("output '{}'", output.name), output.strides));
    outputs_.back().written = true;
  }
  std::vector<bool> overwritten(inputs_.size());
  for (const PlanBuffer& buffer : plan.buffers) {
    if (!buffer.within.has_value()) continue;
    const PlanBuffer& host = plan.buffers[buffer.within->index];
    if (host.kind == PlanBuffer::Kind::input) overwritten[host.position] = true;
  }
  for (std::size_t i = 0; i < overwritten.size(); ++i) {
    inputs_[i].written = overwritten[i];
    if (overwritten[i]) overwritten_.push_back(i);
  }
}

void Signature::check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                      Device device) const {
  check_count(inputs.size(), inputs_, "input");
  check_count(outputs.size(), outputs_, "output");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!fits(inputs[i], inputs_[i], device)) [[unlikely]]
      refuse(inputs[i], inputs_[i], device, false);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!fits_as_output(outputs[i], outputs_[i], device)) [[unlikely]]
      refuse(outputs[i], outputs_[i], device, true);
  }
  check_apart(inputs, outputs);
}

void Signature::check_apart(std::span<const ConstTensorView> inputs,
                            std::span<const TensorView> outputs) const {
  const std::size_t pairs =
      (outputs.size() + overwritten_.size()) * (inputs.size() + outputs.size());
  if (pairs > kManyPairs) return check_many_apart(inputs, outputs);
  for (std::size_t input : overwritten_) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (ranges_overlap(inputs[input].data, inputs_[input], inputs[i].data, inputs_[i]) &&
          i != input) [[unlikely]]
        check_pair(input, i, inputs, outputs);
    }
  }
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const void* data = outputs[o].data;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (ranges_overlap(data, outputs_[o], inputs[i].data, inputs_[i])) [[unlikely]]
        check_pair(inputs.size() + o, i, inputs, outputs);
    }
    for (std::size_t i = 0; i < o; ++i) {
      if (ranges_overlap(data, outputs_[o], outputs[i].data, outputs_[i])) [[unlikely]]
        check_pair(inputs.size() + o, inputs.size() + i, inputs, outputs);
    }
  }
}

void Signature::check_many_apart(std::span<const ConstTensorView> inputs,
                                 std::span<const TensorView> outputs) const {
  std::vector<PlacedFootprint> buffers;
  buffers.reserve(inputs.size() + outputs.size());
  const auto add = [&](const void* data, std::size_t position) {
    if (spec(position).bytes == 0) return;
    buffers.push_back(placed(data, spec(position)));
    buffers.back().written = spec(position).written;
    buffers.back().index = static_cast<std::uint32_t>(position);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) add(inputs[i].data, i);
  for (std::size_t o = 0; o < outputs.size(); ++o) add(outputs[o].data, inputs.size() + o);
  visit_meeting(buffers, [&](const PlacedFootprint& a, const PlacedFootprint& b) {
    check_pair(std::max(a.index, b.index), std::min(a.index, b.index), inputs, outputs);
  });
}

void Signature::check_pair(std::size_t a, std::size_t b, std::span<const ConstTensorView> inputs,
                           std::span<const TensorView> outputs) const {
  const BufferSpec& first = spec(a);
  const BufferSpec& second = spec(b);
  const auto data_of = [&](std::size_t position) {
    return position < inputs.size() ? inputs[position].data
                                    : outputs[position - inputs.size()].data;
  };
  const auto is_overwritten = [&](std::size_t position) {
    return position < inputs.size() && spec(position).written;
  };
  if (first.bytes == 0 || second.bytes == 0) return;
  const bool donated = is_overwritten(a) || is_overwritten(b);
  const bool same = data_of(a) == data_of(b) && first.alignment == second.alignment &&
                    first.shape == second.shape &&
                    same_walk(first.shape, first.strides, second.strides);
  if (same && !donated && a >= inputs.size() && b < inputs.size()) {
    return check_in_place(b, a - inputs.size());
  }
  if (!elements_meet(placed(data_of(a), first), placed(data_of(b), second))) return;
  if (!donated) refuse_overlap(first, data_of(a), second, data_of(b));
  const bool written_is_first = is_overwritten(a);
  fail(ErrorCode::invalid_buffer,
       fmt::format("{} is donated, and this program writes over it: {} has to lie apart from it",
                   (written_is_first ? first : second).label,
                   (written_is_first ? second : first).label));
}

bool Signature::reads_before_writing(std::size_t input, std::size_t output) const {
  return in_place_.reads_before_writing(buffer_of_input(input), buffer_of_output(output));
}

bool Signature::may_take_place(std::size_t input, std::size_t output) const {
  const BufferSpec& in = inputs_[input];
  const BufferSpec& out = outputs_[output];
  return in.dtype == out.dtype && in.shape == out.shape && reads_before_writing(input, output);
}

void Signature::check_in_place(std::size_t input, std::size_t output) const {
  const BufferSpec& in = inputs_[input];
  const BufferSpec& out = outputs_[output];
  if (reads_before_writing(input, output)) return;
  const std::int64_t reader = in_place_.last_reader(buffer_of_input(input));
  const std::int64_t writer = in_place_.writer(buffer_of_output(output));
  if (reader == writer || writer == -1) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("{} is given the buffer of {}, but this graph {}: give {} a buffer of its own",
                     out.label, in.label,
                     writer == -1 ? "writes the output part by part"
                                  : "reads the input in an order other than that of memory",
                     out.label));
  }
  fail(ErrorCode::invalid_buffer,
       fmt::format("{} is given the buffer of {}, which kernel {} still reads after kernel {} has "
                   "written it: give {} a buffer of its own",
                   out.label, in.label, reader, writer, out.label));
}

}  // namespace sinter::detail
