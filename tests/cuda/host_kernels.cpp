#include "host_kernels.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sinter/ir/passes.h>

#include "support/sanitizer.h"

namespace sinter::test {
namespace {

using LaunchFunction = void (*)(void** parameters, unsigned blocks, unsigned threads,
                                bool descending);
using BytesFunction = unsigned (*)(unsigned position);

/// Sanitizers for kernels, in addition to guard pages: undefined behaviour always, and addresses in
/// a build with AddressSanitizer. Its fake stacks are off, because emulated threads switch stacks.
constexpr std::string_view kSanitizers =
    SINTER_ADDRESS_SANITIZED
        ? "-fsanitize=address,undefined -fsanitize-address-use-after-return=never"
        : "-fsanitize=undefined";

std::string entry(std::size_t kernel) { return fmt::format("kernel_{}", kernel); }

/// Wraps a kernel in a namespace of its own, because helpers and types have the same names in all
/// kernels. Entry points have C linkage, so their names must be unique in the file.
std::string in_namespace(const CudaKernel& kernel) {
  const bool together = kernel.source.find("sync") != std::string::npos;
  const std::string launch =
      together ? fmt::format(
                     "launch_together(&in_{0}::{0}, parameters, blocks, threads, "
                     "descending, __start_shared_{0}, __stop_shared_{0})",
                     kernel.entry)
               : fmt::format("launch(&in_{0}::{0}, parameters, blocks, threads, descending)",
                             kernel.entry);
  return fmt::format(R"(#undef SHARED_SECTION
#define SHARED_SECTION "shared_{0}"
extern "C" __attribute__((weak)) char __start_shared_{0}[], __stop_shared_{0}[];
namespace in_{0} {{
{1}
}}
extern "C" void launch_{0}(void** parameters, unsigned blocks, unsigned threads, bool descending) {{
  {2};
}}
extern "C" unsigned bytes_{0}(unsigned position) {{
  return parameter_bytes(&in_{0}::{0}, position);
}}
)",
                     kernel.entry, kernel.source, launch);
}

/// Copy of one argument of a call beside a guard page. It has only the bytes from the first to the
/// last element of the KernelBuffer.
struct Guarded {
  Guarded(KernelBuffer& of, DType dtype, const Shape& shape, const Strides& strides, Guard guard,
          std::int64_t offset)
      : memory(buffer_bytes(dtype, shape, strides), guard,
               static_cast<std::size_t>(offset) * info(dtype).bytes),
        original(of.data() + first_byte(dtype, shape, strides), memory.size()),
        first(memory.data() - first_byte(dtype, shape, strides)) {
    memory.fill(original);
  }
  void write_back() { std::copy_n(memory.data(), memory.size(), original.begin()); }

  GuardedBuffer memory;
  std::span<std::byte> original;
  std::byte* first;  ///< address of element [0, ..., 0]
};

std::vector<std::unique_ptr<Guarded>> guard_all(const Graph& graph, KernelMemory& memory,
                                                Guard guard, std::int64_t offset) {
  std::vector<std::unique_ptr<Guarded>> buffers;
  const auto add = [&](const auto& declared) {
    KernelBuffer& buffer = memory.buffers[buffers.size()];
    buffers.push_back(std::make_unique<Guarded>(buffer, graph.node(declared.node).dtype,
                                                graph.shape(declared.node), declared.strides, guard,
                                                offset));
  };
  std::ranges::for_each(graph.inputs(), add);
  std::ranges::for_each(graph.outputs(), add);
  return buffers;
}

}  // namespace

HostCalls::HostCalls() : directory_(testing::TempDir() + "sinter-cuda-XXXXXX") {
  if (mkdtemp(directory_.data()) == nullptr) std::abort();
}

HostCalls::~HostCalls() {
  if (library_ != nullptr) dlclose(library_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::size_t HostCalls::kernel_of(const LoopNest& nest) {
  const auto [found, is_new] = numbers_.try_emplace(emit_cuda(nest).source, kernels_.size());
  if (is_new) kernels_.push_back(emit_cuda(nest, entry(kernels_.size())));
  return found->second;
}

void HostCalls::add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
                    const HostCallOptions& options) {
  const Graph wide = widen(graph, Rounding::at_store);
  const Graph body = expand(wide, wide.parameters());
  Call call{.name = std::move(name),
            .reference = graph.clone(),
            .nest = {},
            .space = collapse(body),
            .numbers = parameter_slots(body),
            .inputs = {inputs.begin(), inputs.end()}};
  call.nest = schedule_cuda(body, call.space, options.target);
  if (options.specialize) call.nest = specialize_shape(std::move(call.nest), call.space);
  if (options.wide) call.nest.index_bits = 64;
  verify(call.nest);
  call.kernel = kernel_of(call.nest);
  call.offset = options.offset;
  calls_.push_back(std::move(call));
}

void HostCalls::compile() {
  std::ofstream file(directory_ + "/kernels.cpp");
  file << "#include \"" SINTER_TEST_DIR "/cuda/emulation.h\"\n";
  for (const CudaKernel& kernel : kernels_) file << in_namespace(kernel);
  file.close();
  ASSERT_TRUE(file.good());
  const std::string command = fmt::format(
      "'{0}' -std=c++17 -O1 -w -fPIC -shared -ffp-contract=off -fno-strict-aliasing "
      "{2} -fsanitize-undefined-trap-on-error '{1}/kernels.cpp' -o '{1}/kernels.so'",
      SINTER_TEST_CXX, directory_, kSanitizers);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  library_ = dlopen((directory_ + "/kernels.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library_, nullptr) << dlerror();
}

/// Expects that CudaKernel::parameters has the same number and sizes as the parameters in the text.
void HostCalls::check_parameters(std::size_t kernel) const {
  const std::string name = "bytes_" + kernels_[kernel].entry;
  const auto bytes_of = reinterpret_cast<BytesFunction>(dlsym(library_, name.c_str()));
  unsigned position = 0;
  for (const CudaParameter& parameter : kernels_[kernel].parameters) {
    const bool pointer = parameter.kind == CudaParameter::Kind::buffer;
    const unsigned expected = pointer ? 8U : info(parameter.dtype).bytes;
    ASSERT_EQ(bytes_of(position), expected) << "parameter " << position << " of\n"
                                            << kernels_[kernel].source;
    ++position;
  }
  ASSERT_EQ(bytes_of(position), 0U) << kernels_[kernel].source;
}

void HostCalls::make(Call& call, const Order& order) const {
  const CudaKernel& kernel = kernels_[call.kernel];
  const std::size_t count = call.inputs.size() + call.reference.outputs().size();
  KernelMemory memory =
      lay_out(call.reference, call.inputs, std::vector<std::int64_t>(count, call.offset));
  auto buffers = guard_all(call.reference, memory, order.guard, call.offset);
  std::vector<void*> parameters;
  for (const CudaParameter& parameter : kernel.parameters) {
    switch (parameter.kind) {
      case CudaParameter::Kind::buffer:
        parameters.push_back(&buffers[parameter.position]->first);
        break;
      case CudaParameter::Kind::extent:
        parameters.push_back(&call.space.extents[parameter.position]);
        break;
      case CudaParameter::Kind::stride:
        parameters.push_back(&call.space.strides[parameter.position]);
        break;
      case CudaParameter::Kind::number:
        parameters.push_back(&call.numbers[parameter.position]);
        break;
    }
  }
  const std::string name = "launch_" + kernel.entry;
  const auto launch = reinterpret_cast<LaunchFunction>(dlsym(library_, name.c_str()));
  const std::int64_t blocks = block_count(kernel, call.space);
  launch(parameters.data(), static_cast<unsigned>(blocks), static_cast<unsigned>(kernel.threads),
         order.descending);
  for (auto& buffer : buffers) {
    ASSERT_TRUE(buffer->memory.intact()) << "bytes around a buffer were written by\n"
                                         << kernel.source;
    buffer->write_back();
  }
  SCOPED_TRACE(kernel.source);
  expect_outputs(call.reference, memory, call.nest);
}

void HostCalls::run() {
  compile();
  if (testing::Test::HasFatalFailure()) return;
  for (std::size_t kernel = 0; kernel < kernels_.size(); ++kernel) check_parameters(kernel);
  for (Call& call : calls_) {
    for (const Order& order : {Order{Guard::before, false}, Order{Guard::before, true},
                               Order{Guard::after, false}, Order{Guard::after, true}}) {
      SCOPED_TRACE(call.name);
      make(call, order);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace sinter::test
