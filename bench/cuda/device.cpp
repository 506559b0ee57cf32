// DeviceClock: times by events of the driver, whose functions are looked up at run time.
#include "device.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace sinter::bench {
namespace {

using Result = int;
using Handle = void*;
using Address = unsigned long long;

/// The functions of the driver that the measurements use, as cuda.h declares them.
struct Driver {
  Result (*init)(unsigned flags) = nullptr;
  Result (*device_get)(int* device, int index) = nullptr;
  Result (*device_name)(char* name, int bytes, int device) = nullptr;
  Result (*primary_retain)(Handle* context, int device) = nullptr;
  Result (*context_set)(Handle context) = nullptr;
  Result (*context_wait)() = nullptr;
  Result (*event_create)(Handle* event, unsigned flags) = nullptr;
  Result (*event_record)(Handle event, Handle stream) = nullptr;
  Result (*event_wait)(Handle event) = nullptr;
  Result (*event_time)(float* milliseconds, Handle from, Handle to) = nullptr;
  Result (*copy)(Address to, Address from, std::size_t bytes, Handle stream) = nullptr;
  Result (*stream_create)(Handle* stream, unsigned flags) = nullptr;
  Result (*stream_destroy)(Handle stream) = nullptr;
  Result (*capture_begin)(Handle stream, int mode) = nullptr;
  Result (*capture_end)(Handle stream, Handle* graph) = nullptr;
  Result (*graph_instantiate)(Handle* made, Handle graph, Address flags) = nullptr;
  Result (*graph_launch)(Handle made, Handle stream) = nullptr;
  Result (*graph_destroy)(Handle graph) = nullptr;
  Result (*made_destroy)(Handle made) = nullptr;
  Result (*module_load)(Handle* module, const void* image) = nullptr;
  Result (*module_function)(Handle* function, Handle module, const char* name) = nullptr;
  Result (*launch)(Handle function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   unsigned, Handle stream, void** parameters, void** extra) = nullptr;
};

/// PTX of a kernel that does nothing.
constexpr const char* kNothing = R"(
.version 7.0
.target sm_75
.address_size 64
.visible .entry nothing(.param .u64 x, .param .u64 y, .param .u32 n) { ret; }
)";

/// Looks up all functions. Returns the name of the first one that is missing, or "".
std::string find_functions(void* library, Driver& to) {
  std::string missing;
  const auto find = [&](const char* name, auto*& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && missing.empty()) missing = name;
  };
  find("cuInit", to.init);
  find("cuDeviceGet", to.device_get);
  find("cuDeviceGetName", to.device_name);
  find("cuDevicePrimaryCtxRetain", to.primary_retain);
  find("cuCtxSetCurrent", to.context_set);
  find("cuCtxSynchronize", to.context_wait);
  find("cuEventCreate", to.event_create);
  find("cuEventRecord", to.event_record);
  find("cuEventSynchronize", to.event_wait);
  find("cuEventElapsedTime", to.event_time);
  find("cuMemcpyDtoDAsync_v2", to.copy);
  find("cuStreamCreate", to.stream_create);
  find("cuStreamDestroy_v2", to.stream_destroy);
  find("cuStreamBeginCapture_v2", to.capture_begin);
  find("cuStreamEndCapture", to.capture_end);
  find("cuGraphInstantiateWithFlags", to.graph_instantiate);
  find("cuGraphLaunch", to.graph_launch);
  find("cuGraphDestroy", to.graph_destroy);
  find("cuGraphExecDestroy", to.made_destroy);
  find("cuModuleLoadData", to.module_load);
  find("cuModuleGetFunction", to.module_function);
  find("cuLaunchKernel", to.launch);
  return missing;
}

void check(Result result, const char* what) {
  if (result == 0) return;
  fmt::print(stderr, "sinter_cuda_bench: {} fails with {}\n", what, result);
  std::exit(1);
}

Address address(const void* pointer) {
  return static_cast<Address>(reinterpret_cast<std::uintptr_t>(pointer));
}

class EventClock final : public DeviceClock {
 public:
  EventClock(const Driver& driver, int device) : driver_(driver) {
    char name[256] = "";
    check(driver_.device_name(name, sizeof name, device), "cuDeviceGetName");
    name_ = name;
    Handle context = nullptr;
    check(driver_.primary_retain(&context, device), "cuDevicePrimaryCtxRetain");
    check(driver_.context_set(context), "cuCtxSetCurrent");
    check(driver_.event_create(&begin_, 0), "cuEventCreate");
    check(driver_.event_create(&end_, 0), "cuEventCreate");
    Handle module = nullptr;
    check(driver_.module_load(&module, kNothing), "cuModuleLoadData");
    check(driver_.module_function(&nothing_, module, "nothing"), "cuModuleGetFunction");
  }

  std::vector<Samples> interleave(std::span<const Contestant> contestants,
                                  const Timing& timing) const override {
    std::vector<std::int64_t> counts;
    for (const Contestant& one : contestants) {
      one.repeat(1);
      const double once = std::max(nanoseconds(one, 1), 1.0);
      counts.push_back(
          std::max<std::int64_t>(1, static_cast<std::int64_t>(timing.sample_seconds * 1e9 / once)));
    }
    std::vector<Samples> samples(contestants.size());
    for (int round = 0; round < timing.rounds; ++round) {
      for (std::size_t i = 0; i < contestants.size(); ++i) {
        const std::size_t at = (i + static_cast<std::size_t>(round)) % contestants.size();
        contestants[at].repeat(1);
        samples[at].push_back(nanoseconds(contestants[at], counts[at]));
      }
    }
    return samples;
  }

  Samples captured(const std::function<void(void* stream)>& call,
                   const Timing& timing) const override {
    constexpr int kCalls = 32;
    constexpr unsigned kNonBlocking = 1;
    constexpr int kOfThisThread = 1;
    Handle stream = nullptr;
    Handle graph = nullptr;
    Handle made = nullptr;
    check(driver_.stream_create(&stream, kNonBlocking), "cuStreamCreate");
    call(stream);
    check(driver_.context_wait(), "cuCtxSynchronize");
    check(driver_.capture_begin(stream, kOfThisThread), "cuStreamBeginCapture");
    for (int i = 0; i < kCalls; ++i) call(stream);
    check(driver_.capture_end(stream, &graph), "cuStreamEndCapture");
    check(driver_.graph_instantiate(&made, graph, 0), "cuGraphInstantiateWithFlags");
    const Contestant launches =
        contestant("graph", [&] { check(driver_.graph_launch(made, stream), "cuGraphLaunch"); });
    Samples samples;
    for (int round = 0; round <= timing.rounds; ++round) {
      const double took = nanoseconds(launches, 4, stream) / kCalls;
      if (round > 0) samples.push_back(took);
    }
    driver_.made_destroy(made);
    driver_.graph_destroy(graph);
    driver_.stream_destroy(stream);
    return samples;
  }

  void wait() const override { check(driver_.context_wait(), "cuCtxSynchronize"); }
  void copy(void* to, const void* from, std::size_t bytes) const override {
    check(driver_.copy(address(to), address(from), bytes, nullptr), "cuMemcpyDtoDAsync");
  }
  void launch_nothing() const override {
    Address x = 0;
    Address y = 0;
    unsigned n = 0;
    void* parameters[] = {&x, &y, &n};
    check(driver_.launch(nothing_, 1, 1, 1, 256, 1, 1, 0, nullptr, parameters, nullptr),
          "cuLaunchKernel");
  }
  const std::string& name() const override { return name_; }

 private:
  /// Nanoseconds of device time per call, over `count` calls.
  double nanoseconds(const Contestant& contestant, std::int64_t count,
                     Handle stream = nullptr) const {
    check(driver_.event_record(begin_, stream), "cuEventRecord");
    contestant.repeat(count);
    check(driver_.event_record(end_, stream), "cuEventRecord");
    check(driver_.event_wait(end_), "cuEventSynchronize");
    float milliseconds = 0;
    check(driver_.event_time(&milliseconds, begin_, end_), "cuEventElapsedTime");
    return double{milliseconds} * 1e6 / static_cast<double>(count);
  }

  const Driver driver_;
  std::string name_;
  Handle begin_ = nullptr;
  Handle end_ = nullptr;
  Handle nothing_ = nullptr;
};

}  // namespace

std::unique_ptr<DeviceClock> DeviceClock::open(int device, std::string& reason) {
  const char* chosen = secure_getenv("SINTER_LIBCUDA");
  void* library = dlopen(chosen != nullptr ? chosen : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    reason = fmt::format("no driver: {}", dlerror());
    return nullptr;
  }
  Driver driver;
  if (const std::string missing = find_functions(library, driver); !missing.empty()) {
    reason = fmt::format("the driver has no {}", missing);
    return nullptr;
  }
  int number = 0;
  if (driver.init(0) != 0 || driver.device_get(&number, device) != 0) {
    reason = fmt::format("the driver finds no device {}", device);
    return nullptr;
  }
  return std::make_unique<EventClock>(driver, number);
}

}  // namespace sinter::bench
