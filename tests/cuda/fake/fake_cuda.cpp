// A driver library and an NVRTC in one, for machines without either. Device memory is host memory,
// an image is the kernel's source, and a launch runs the source with emulation.h.
//
// There are two devices, each with its primary context. Errors that are fatal with NVIDIA's driver
// abort here: use of a module that is not loaded, and any call after the driver has ended at exit.
// Functions that begin with fake_ are for tests: see fake_cuda.h.
#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace {

using Result = int;
constexpr Result kSuccess = 0;
constexpr Result kInvalidValue = 1;
constexpr Result kOutOfMemory = 2;
constexpr Result kInvalidImage = 200;
constexpr Result kInvalidContext = 201;

struct Context {
  int device;
  unsigned long long number;
};

using LaunchFunction = void (*)(void** parameters, unsigned blocks, unsigned threads,
                                bool descending);

struct Module {
  Context* context = nullptr;
  void* library = nullptr;
  LaunchFunction launch = nullptr;
};

struct Allocation {
  std::size_t bytes;
  Context* context;
};

struct State {
  std::mutex mutex;
  int devices = 2;
  int capability = 90;
  bool refuse_machine_code = false;
  std::map<std::string, Result> failures;
  std::map<std::string, int> calls;
  std::map<std::uint64_t, Allocation> memory;  // by address
  std::array<Context, 2> primary{Context{0, 1}, Context{1, 2}};
  std::vector<std::unique_ptr<Context>> contexts;  // other than the primary ones
  unsigned long long last_number = 2;
  int retained = 0;
  std::set<Module*> modules;
  void* last_stream = nullptr;
};
State state;
thread_local std::vector<Context*> current;
bool gone = false;

void unload(Module* module) {
  if (state.modules.erase(module) == 0) std::abort();
  dlclose(module->library);
  delete module;
}

/// Counts a call. Returns the result that fake_fail set for the function, or kSuccess.
Result called(const char* function) {
  if (gone) std::abort();
  const std::lock_guard lock(state.mutex);
  ++state.calls[function];
  const auto found = state.failures.find(function);
  return found == state.failures.end() ? kSuccess : found->second;
}

/// Ends the driver, and frees its memory and modules.
void end() {
  gone = true;
  for (const auto& [address, allocation] : state.memory) {
    std::free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)));
  }
  state.memory.clear();
  while (!state.modules.empty()) unload(*state.modules.begin());
}

#define FAKE_CALL(name) \
  if (const Result failure = called(name)) return failure

constexpr const char* kPtx = "// PTX\n";

}  // namespace

extern "C" {

// --- Control by tests ----------------------------------------------------------------------------

void fake_reset() {
  const std::lock_guard lock(state.mutex);
  state.devices = 2;
  state.capability = 90;
  state.refuse_machine_code = false;
  state.failures.clear();
  state.calls.clear();
}
void fake_fail(const char* function, int result) {
  const std::lock_guard lock(state.mutex);
  state.failures[function] = result;
}
int fake_calls(const char* function) {
  const std::lock_guard lock(state.mutex);
  return state.calls[function];
}
void fake_devices(int count) { state.devices = count; }
void fake_capability(int capability) { state.capability = capability; }
void fake_refuse_machine_code() { state.refuse_machine_code = true; }
void* fake_context(int device) {
  state.contexts.push_back(std::make_unique<Context>(Context{device, ++state.last_number}));
  return state.contexts.back().get();
}
void fake_replace_context(void* address) {
  auto* context = static_cast<Context*>(address);
  const auto is_there = [&](const auto& one) { return one.second.context == context; };
  for (auto at = state.memory.begin(); at != state.memory.end();) {
    if (is_there(*at)) std::free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(at->first)));
    at = is_there(*at) ? state.memory.erase(at) : std::next(at);
  }
  for (Module* module : std::set<Module*>(state.modules)) {
    if (module->context == context) unload(module);
  }
  context->number = ++state.last_number;
}
int fake_context_depth() { return static_cast<int>(current.size()); }
int fake_allocations() { return static_cast<int>(state.memory.size()); }
int fake_modules() { return static_cast<int>(state.modules.size()); }
int fake_primary_contexts() { return state.retained; }
void* fake_last_stream() { return state.last_stream; }

// --- The driver ----------------------------------------------------------------------------------

Result cuInit(unsigned) {
  FAKE_CALL("cuInit");
  static const int registered = std::atexit(end);
  return registered;
}
Result cuGetErrorName(Result, const char** name) {
  *name = "FAKE_ERROR";
  return kSuccess;
}
Result cuGetErrorString(Result, const char** text) {
  *text = "as the test asked for";
  return kSuccess;
}
Result cuDriverGetVersion(int* version) {
  FAKE_CALL("cuDriverGetVersion");
  *version = 13000;
  return kSuccess;
}
Result cuDeviceGetCount(int* count) {
  FAKE_CALL("cuDeviceGetCount");
  *count = state.devices;
  return kSuccess;
}
Result cuDeviceGet(int* device, int index) {
  FAKE_CALL("cuDeviceGet");
  *device = index;
  return kSuccess;
}
Result cuDeviceGetName(char* name, int bytes, int) {
  FAKE_CALL("cuDeviceGetName");
  std::strncpy(name, "Fake GPU", static_cast<std::size_t>(bytes));
  return kSuccess;
}
Result cuDeviceGetAttribute(int* value, int attribute, int) {
  FAKE_CALL("cuDeviceGetAttribute");
  switch (attribute) {
    case 16: *value = 1; return kSuccess;     // multiprocessors
    case 38: *value = 4096; return kSuccess;  // bytes of cache
    case 39: *value = 64; return kSuccess;    // threads per multiprocessor
    case 75: *value = state.capability / 10; return kSuccess;
    case 76: *value = state.capability % 10; return kSuccess;
    default: return kInvalidValue;
  }
}
Result cuDevicePrimaryCtxRetain(void** context, int device) {
  FAKE_CALL("cuDevicePrimaryCtxRetain");
  ++state.retained;
  *context = &state.primary[static_cast<std::size_t>(device)];
  return kSuccess;
}
Result cuDevicePrimaryCtxRelease_v2(int) {
  FAKE_CALL("cuDevicePrimaryCtxRelease_v2");
  --state.retained;
  return kSuccess;
}
Result cuCtxGetCurrent(void** context) {
  FAKE_CALL("cuCtxGetCurrent");
  *context = current.empty() ? nullptr : current.back();
  return kSuccess;
}
Result cuCtxGetDevice(int* device) {
  FAKE_CALL("cuCtxGetDevice");
  if (current.empty()) return kInvalidContext;
  *device = current.back()->device;
  return kSuccess;
}
Result cuCtxGetId(void* context, unsigned long long* number) {
  FAKE_CALL("cuCtxGetId");
  *number = static_cast<Context*>(context)->number;
  return kSuccess;
}
Result cuCtxPushCurrent_v2(void* context) {
  FAKE_CALL("cuCtxPushCurrent_v2");
  current.push_back(static_cast<Context*>(context));
  return kSuccess;
}
Result cuCtxPopCurrent_v2(void** context) {
  if (current.empty()) return kInvalidContext;
  *context = current.back();
  current.pop_back();
  return kSuccess;
}

Result cuModuleLoadData(void** module, const void* image) {
  FAKE_CALL("cuModuleLoadData");
  if (current.empty()) return kInvalidContext;
  const std::string source = static_cast<const char*>(image);
  if (state.refuse_machine_code && !source.starts_with(kPtx)) return kInvalidImage;
  std::string folder = (std::filesystem::temp_directory_path() / "sinter-fake-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return kInvalidImage;
  std::ofstream(folder + "/kernel.cpp")
      << "#define SHARED_SECTION \"shared\"\n"
         "#include \"" SINTER_TEST_DIR
         "/cuda/emulation.h\"\n"
         "extern \"C\" __attribute__((weak)) char __start_shared[], __stop_shared[];\n"
      << source
      << "extern \"C\" void fake_launch(void** parameters, unsigned blocks, unsigned threads, bool "
         "descending) { launch_together(&sinter_kernel, parameters, blocks, threads, descending, "
         "__start_shared, __stop_shared); }\n";
  const std::string command = "'" SINTER_TEST_CXX
                              "' -std=c++17 -O1 -w -fPIC -shared -ffp-contract=off "
                              "-fno-strict-aliasing '" +
                              folder + "/kernel.cpp' -o '" + folder + "/kernel.so'";
  auto made = std::make_unique<Module>();
  made->context = current.back();
  if (std::system(command.c_str()) == 0) {
    made->library = dlopen((folder + "/kernel.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (made->library == nullptr) return kInvalidImage;
  made->launch = reinterpret_cast<LaunchFunction>(dlsym(made->library, "fake_launch"));
  state.modules.insert(made.get());
  *module = made.release();
  return kSuccess;
}
Result cuModuleUnload(void* module) {
  FAKE_CALL("cuModuleUnload");
  unload(static_cast<Module*>(module));
  return kSuccess;
}
Result cuModuleGetFunction(void** function, void* module, const char* name) {
  FAKE_CALL("cuModuleGetFunction");
  if (std::strcmp(name, "sinter_kernel") != 0) return kInvalidValue;
  *function = module;
  return kSuccess;
}
Result cuLaunchKernel(void* function, unsigned blocks, unsigned, unsigned, unsigned threads,
                      unsigned, unsigned, unsigned, void* stream, void** parameters, void**) {
  FAKE_CALL("cuLaunchKernel");
  if (current.empty()) return kInvalidContext;
  if (blocks == 0) return kInvalidValue;
  state.last_stream = stream;
  if (!state.modules.contains(static_cast<Module*>(function))) std::abort();
  static_cast<Module*>(function)->launch(parameters, blocks, threads, false);
  return kSuccess;
}

Result allocate(std::uint64_t* memory, std::size_t bytes) {
  if (current.empty()) return kInvalidContext;
  void* made = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (made == nullptr) return kOutOfMemory;
  std::memset(made, 0xa5, bytes);
  *memory = reinterpret_cast<std::uintptr_t>(made);
  const std::lock_guard lock(state.mutex);
  state.memory[*memory] = {bytes, current.back()};
  return kSuccess;
}
Result release(std::uint64_t memory) {
  const std::lock_guard lock(state.mutex);
  if (state.memory.erase(memory) == 0) return kInvalidValue;
  std::free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(memory)));
  return kSuccess;
}
Result cuMemAlloc_v2(std::uint64_t* memory, std::size_t bytes) {
  FAKE_CALL("cuMemAlloc_v2");
  return allocate(memory, bytes);
}
Result cuMemFree_v2(std::uint64_t memory) {
  FAKE_CALL("cuMemFree_v2");
  return release(memory);
}
Result cuMemAllocAsync(std::uint64_t* memory, std::size_t bytes, void*) {
  FAKE_CALL("cuMemAllocAsync");
  return allocate(memory, bytes);
}
Result cuMemFreeAsync(std::uint64_t memory, void*) { return release(memory); }
Result cuMemcpyHtoD_v2(std::uint64_t to, const void* from, std::size_t bytes) {
  FAKE_CALL("cuMemcpyHtoD_v2");
  std::memcpy(reinterpret_cast<void*>(static_cast<std::uintptr_t>(to)), from, bytes);
  return kSuccess;
}
Result cuMemcpyDtoH_v2(void* to, std::uint64_t from, std::size_t bytes) {
  FAKE_CALL("cuMemcpyDtoH_v2");
  std::memcpy(to, reinterpret_cast<const void*>(static_cast<std::uintptr_t>(from)), bytes);
  return kSuccess;
}
Result cuPointerGetAttribute(void* value, int attribute, std::uint64_t pointer) {
  FAKE_CALL("cuPointerGetAttribute");
  const std::lock_guard lock(state.mutex);
  auto found = state.memory.upper_bound(pointer);
  if (found == state.memory.begin()) return kInvalidValue;
  --found;
  if (pointer >= found->first + found->second.bytes) return kInvalidValue;
  // Attribute 2 is the kind of memory, and 2 means device memory. Others ask for the device.
  const int answer = attribute == 2 ? 2 : found->second.context->device;
  std::memcpy(value, &answer, sizeof answer);
  return kSuccess;
}

// --- NVRTC ---------------------------------------------------------------------------------------

Result nvrtcVersion(int* major, int* minor) {
  FAKE_CALL("nvrtcVersion");
  *major = 13;
  *minor = 0;
  return kSuccess;
}
Result nvrtcGetNumSupportedArchs(int* count) {
  FAKE_CALL("nvrtcGetNumSupportedArchs");
  *count = 2;
  return kSuccess;
}
Result nvrtcGetSupportedArchs(int* architectures) {
  FAKE_CALL("nvrtcGetSupportedArchs");
  architectures[0] = 75;
  architectures[1] = 90;
  return kSuccess;
}
const char* nvrtcGetErrorString(Result) { return "NVRTC_FAKE_ERROR"; }
Result nvrtcCreateProgram(void** program, const char* source, const char*, int, const char* const*,
                          const char* const*) {
  FAKE_CALL("nvrtcCreateProgram");
  *program = new std::string(source);
  return kSuccess;
}
Result nvrtcDestroyProgram(void** program) {
  delete static_cast<std::string*>(*program);
  *program = nullptr;
  return kSuccess;
}
Result nvrtcCompileProgram(void*, int, const char* const*) {
  FAKE_CALL("nvrtcCompileProgram");
  return kSuccess;
}
Result nvrtcGetProgramLogSize(void*, std::size_t* size) {
  *size = 8;
  return kSuccess;
}
Result nvrtcGetProgramLog(void*, char* log) {
  std::memcpy(log, "the log", 8);
  return kSuccess;
}
Result nvrtcGetCUBINSize(void* program, std::size_t* size) {
  FAKE_CALL("nvrtcGetCUBINSize");
  *size = static_cast<std::string*>(program)->size();
  return kSuccess;
}
Result nvrtcGetCUBIN(void* program, char* bytes) {
  FAKE_CALL("nvrtcGetCUBIN");
  const auto& source = *static_cast<std::string*>(program);
  std::memcpy(bytes, source.data(), source.size());
  return kSuccess;
}
Result nvrtcGetPTXSize(void* program, std::size_t* size) {
  FAKE_CALL("nvrtcGetPTXSize");
  *size = std::strlen(kPtx) + static_cast<std::string*>(program)->size() + 1;
  return kSuccess;
}
Result nvrtcGetPTX(void* program, char* text) {
  FAKE_CALL("nvrtcGetPTX");
  const std::string ptx = kPtx + *static_cast<std::string*>(program);
  std::memcpy(text, ptx.c_str(), ptx.size() + 1);
  return kSuccess;
}

}  // extern "C"
