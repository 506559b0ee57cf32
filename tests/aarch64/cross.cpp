#include "cross.h"

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/element.h>
#include <sinter/ir/passes.h>

namespace sinter::test {
namespace {

constexpr const char* kCompiler = "aarch64-linux-gnu-gcc";
constexpr const char* kMachine = "qemu-aarch64";

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

template <typename T>
void append(std::string& bytes, std::span<const T> values) {
  const auto raw = std::as_bytes(values);
  bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  ASSERT_TRUE(file.good()) << path;
}

std::string symbol(std::size_t kernel) { return "kernel_" + std::to_string(kernel); }

/// C source of the table in which driver.c looks kernels up.
std::string table_source(std::size_t kernels) {
  std::string source = "typedef void kernel_function(const void*, long, long);\n";
  std::string table;
  for (std::size_t i = 0; i < kernels; ++i) {
    source += "extern kernel_function " + symbol(i) + ";\n";
    table += symbol(i) + ",\n";
  }
  return source + "kernel_function* const kernels[] = {\n" + table + "};\n";
}

}  // namespace

std::string why_not_aarch64() {
  const std::string quiet = " --version >/dev/null 2>&1";
  if (!succeeds(kMachine + quiet)) return "no qemu-aarch64: install Debian's qemu-user";
  const std::string libc = " -print-file-name=libc.a 2>/dev/null | grep -q /";
  if (succeeds(kCompiler + libc)) return "";
  return "no aarch64-linux-gnu-gcc with a C library: install Debian's gcc-aarch64-linux-gnu and "
         "libc6-dev-arm64-cross";
}

AArch64Calls::AArch64Calls(Target target)
    : target_(std::move(target)), directory_(testing::TempDir() + "sinter-aarch64-XXXXXX") {
  if (mkdtemp(directory_.data()) == nullptr) std::abort();
}

AArch64Calls::~AArch64Calls() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::size_t AArch64Calls::kernel_of(const LoopNest& nest) {
  std::string key;
  append<std::byte>(key, key_bytes(nest));
  const auto [found, is_new] = kernels_.try_emplace(std::move(key), kernels_.size());
  const std::size_t kernel = found->second;
  if (is_new) {
    write_file(directory_ + "/" + symbol(kernel) + ".o",
               object_bytes(nest, target_, symbol(kernel)));
  }
  return kernel;
}

void AArch64Calls::add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
                       const CallOptions& options) {
  const Graph wide = widen(graph, Rounding::at_store);
  const Graph body = expand(wide, wide.parameters());
  const LoopSpace space = collapse(body);
  LoopNest nest = schedule_cpu(body, space, target_, {.streaming = options.streaming});
  verify(nest);
  std::vector<std::uint64_t> parameters;
  for (const DType dtype : nest.parameter_dtypes) {
    parameters.push_back(element_bits(body.parameters()[parameters.size()], dtype));
  }
  const std::size_t buffers = graph.inputs().size() + graph.outputs().size();
  KernelMemory memory = lay_out(graph, inputs, std::vector<std::int64_t>(buffers, options.offset));
  calls_.push_back({std::move(name), graph.clone(), std::move(nest), std::move(memory)});
  write(calls_.back(), space, parameters, options);
}

/// Appends the call to the input of driver.c, in the format that driver.c reads.
void AArch64Calls::write(const Call& call, const LoopSpace& space,
                         std::span<const std::uint64_t> parameters, const CallOptions& options) {
  KernelMemory memory = call.memory;
  const auto size = [](const auto& range) { return static_cast<std::int64_t>(range.size()); };
  const std::int64_t range = space.parallel_extent();
  const std::array<std::int64_t, 8> header = {
      static_cast<std::int64_t>(kernel_of(call.nest)),
      size(memory.buffers),
      size(space.extents),
      size(space.strides),
      size(parameters),
      scratch_bytes(call.nest),
      range,
      options.one_by_one ? 1 : std::max<std::int64_t>(range, 1)};
  append<std::int64_t>(input_, header);
  append<std::int64_t>(input_, space.extents);
  append<std::int64_t>(input_, space.strides);
  append<std::uint64_t>(input_, parameters);
  for (KernelBuffer& buffer : memory.buffers) {
    const std::array<std::int64_t, 2> place = {size(buffer.all()),
                                               buffer.data() - buffer.all().data()};
    append<std::int64_t>(input_, place);
  }
  for (KernelBuffer& buffer : memory.buffers) append<std::byte>(input_, buffer.all());
}

bool AArch64Calls::link_and_run() {
  write_file(directory_ + "/input", input_);
  write_file(directory_ + "/table.c", table_source(kernels_.size()));
  const std::string in = "cd '" + directory_ + "' && ";
  return succeeds(in + kCompiler +
                  " -O1 -static -o driver '" SINTER_TEST_DIR
                  "/aarch64/driver.c' table.c kernel_*.o") &&
         succeeds(in + kMachine + " ./driver <input >output");
}

void AArch64Calls::run() {
  ASSERT_TRUE(link_and_run()) << "linking or running failed: see the output above";
  std::ifstream output(directory_ + "/output", std::ios::binary);
  for (Call& call : calls_) {
    for (KernelBuffer& buffer : call.memory.buffers) {
      const std::span<std::byte> bytes = buffer.all();
      output.read(reinterpret_cast<char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    }
    ASSERT_TRUE(output.good()) << "the driver's output ends before " << call.name;
    SCOPED_TRACE(call.name);
    expect_outputs(call.reference, call.memory, call.nest);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace sinter::test
