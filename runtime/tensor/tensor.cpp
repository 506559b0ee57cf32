// Tensor: checks of arguments; the Recorder of the engine does the work.
#include <sinter/runtime/tensor.h>

#include <fmt/format.h>

#include <sinter/ir/element.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/engine.h>

#include "engine_core.h"

namespace sinter {

void detail::refuse_other_engine(std::string_view op, std::string_view operand) {
  fail(ErrorCode::invalid_argument,
       fmt::format("{}: {} is a Tensor of another Engine: copy it with to_vector and "
                   "Engine::tensor",
                   op, operand));
}

detail::TensorNode& Tensor::node() const {
  if (node_ == nullptr) {
    fail(ErrorCode::invalid_argument,
         "a default-constructed Tensor holds no value: assign one, from Engine::tensor or an op");
  }
  return *node_;
}

DType Tensor::dtype() const { return node().dtype; }
const Shape& Tensor::shape() const { return node().shape; }

Tensor Tensor::apply(Op op, std::span<const Tensor> operands, const Attributes& attributes) try {
  const OpInfo& row = info(op);
  if (operands.size() != static_cast<std::size_t>(row.arity) || operands.empty()) {
    fail(ErrorCode::invalid_graph,
         fmt::format("{} takes {} operands, not {}", row.name, row.arity, operands.size()));
  }
  detail::EngineCore& core = *operands[0].node().core;
  for (std::size_t i = 1; i < operands.size(); ++i) {
    if (operands[i].node().core.get() == &core) continue;
    detail::refuse_other_engine(row.name, fmt::format("operand '{}'", row.operands[i].name));
  }
  return core.recorder().apply(op, operands, attributes);
} catch (...) {
  detail::rethrow_as_error();
}

Tensor Tensor::number_beside(Scalar number, bool structural) const try {
  const DType dtype = node().dtype == DType::boolean ? DType::f32 : node().dtype;
  return Tensor(std::make_shared<detail::TensorNode>(
      node_->core, dtype, Shape(), detail::TraceNumber{number.value(), structural}));
} catch (...) {
  detail::rethrow_as_error();
}

Tensor Tensor::scalar(Scalar number) const { return number_beside(number, false); }
Tensor Tensor::constant(Scalar number) const { return number_beside(number, true); }

Tensor Tensor::iota(DType dtype, const Shape& shape, std::int64_t axis) const {
  const auto counted = [&](std::span<const Value> values) {
    return std::vector{values[0].iota(dtype, shape, axis)};
  };
  return record(std::span(this, 1), counted)[0];
}

std::vector<Tensor> Tensor::record(
    std::span<const Tensor> tensors,
    const std::function<std::vector<Value>(std::span<const Value>)>& function) try {
  if (tensors.empty()) {
    fail(ErrorCode::invalid_argument, "record of no tensors: give one or more");
  }
  detail::EngineCore& core = *tensors[0].node().core;
  for (const Tensor& tensor : tensors) {
    if (tensor.node().core.get() != &core)
      detail::refuse_other_engine("record", "one of the tensors");
  }
  return core.recorder().record(tensors, function);
} catch (...) {
  detail::rethrow_as_error();
}

void Tensor::check_single(std::string_view use) const {
  const Shape& own = shape();
  if (own.elements() == 1) return;
  fail(
      ErrorCode::invalid_argument,
      fmt::format("{} needs a tensor of one element, this one is {}{} with {}: reduce it first, or "
                  "read it by to_vector",
                  use, to_string(dtype()), to_string(own), own.elements()));
}

void Tensor::check_memory(std::string_view use) const {
  const std::int64_t bytes = shape().elements() * info(dtype()).bytes;
  if (bytes <= detail::machine_memory()) return;
  fail(ErrorCode::limit_exceeded,
       fmt::format("{}: a tensor {}{} has {} bytes, and the machine has {} bytes of memory: reduce "
                   "it first, or read a slice of it",
                   use, to_string(dtype()), to_string(shape()), bytes, detail::machine_memory()));
}

void Tensor::check_elements(std::size_t given) const {
  const Shape& own = shape();
  if (static_cast<std::size_t>(own.elements()) == given) return;
  fail(ErrorCode::shape_mismatch,
       fmt::format("copy_to: a tensor of shape {} has {} elements, the span has {}", to_string(own),
                   own.elements(), given));
}

double Tensor::number(std::string_view use) const try {
  check_single(use);
  std::uint64_t bits = 0;
  read(std::as_writable_bytes(std::span(&bits, 1)).first(info(dtype()).bytes), dtype());
  return element_value(bits, dtype());
} catch (...) {
  detail::rethrow_as_error();
}

void Tensor::read(std::span<std::byte> to, DType asked) const try {
  if (asked != dtype()) {
    fail(ErrorCode::dtype_mismatch,
         fmt::format("a tensor of {} is read as {}: ask for its own C++ type, or convert it first",
                     to_string(dtype()), to_string(asked)));
  }
  node().core->recorder().read(*this)->read(to);
} catch (...) {
  detail::rethrow_as_error();
}

void Engine::evaluate(std::span<const Tensor> tensors) const try {
  for (const Tensor& tensor : tensors) {
    if (tensor.node().core != core_) detail::refuse_other_engine("evaluate", "one of the tensors");
  }
  core_->recorder().evaluate(*core_, tensors);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
