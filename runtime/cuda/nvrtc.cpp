// Nvrtc: the functions of the library, the options of a compile, and its errors.
#include "cuda/nvrtc.h"

#include <algorithm>
#include <clocale>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/codegen/cuda.h>
#include <sinter/ir/error.h>

#include "cuda/temporary_file.h"

namespace sinter::detail {
namespace {

using Program = void*;
using Result = int;  // 0 for success

/// The functions of NVRTC that sinter uses, with the signatures of CUDA's nvrtc.h.
struct Functions {
  Result (*version)(int* major, int* minor) = nullptr;
  Result (*architecture_count)(int* count) = nullptr;
  Result (*architectures)(int* architectures) = nullptr;
  const char* (*error_text)(Result result) = nullptr;
  Result (*create)(Program* program, const char* source, const char* name, int header_count,
                   const char* const* headers, const char* const* header_names) = nullptr;
  Result (*destroy)(Program* program) = nullptr;
  Result (*compile)(Program program, int option_count, const char* const* options) = nullptr;
  Result (*log_size)(Program program, std::size_t* size) = nullptr;
  Result (*log)(Program program, char* log) = nullptr;
  Result (*cubin_size)(Program program, std::size_t* size) = nullptr;
  Result (*cubin)(Program program, char* bytes) = nullptr;
  Result (*ptx_size)(Program program, std::size_t* size) = nullptr;
  Result (*ptx)(Program program, char* text) = nullptr;
};

/// Looks up all functions. Returns the name of the first missing one, or "".
std::string find_functions(const DynamicLibrary& library, Functions& to) {
  std::string missing;
  const auto find = [&](const char* name, auto*& function) {
    if (!library.find(name, function) && missing.empty()) missing = name;
  };
  find("nvrtcVersion", to.version);
  find("nvrtcGetNumSupportedArchs", to.architecture_count);
  find("nvrtcGetSupportedArchs", to.architectures);
  find("nvrtcGetErrorString", to.error_text);
  find("nvrtcCreateProgram", to.create);
  find("nvrtcDestroyProgram", to.destroy);
  find("nvrtcCompileProgram", to.compile);
  find("nvrtcGetProgramLogSize", to.log_size);
  find("nvrtcGetProgramLog", to.log);
  find("nvrtcGetCUBINSize", to.cubin_size);
  find("nvrtcGetCUBIN", to.cubin);
  find("nvrtcGetPTXSize", to.ptx_size);
  find("nvrtcGetPTX", to.ptx);
  return missing;
}

/// NVRTC before 12.7 changes the locale of the process; KeepLocale restores it.
constexpr int kKeepsLocale = 1207;
class KeepLocale {
 public:
  KeepLocale() : before_(std::setlocale(LC_ALL, nullptr)) {}
  ~KeepLocale() {
    if (before_ != std::setlocale(LC_ALL, nullptr)) std::setlocale(LC_ALL, before_.c_str());
  }
  KeepLocale(const KeepLocale&) = delete;
  KeepLocale& operator=(const KeepLocale&) = delete;

 private:
  const std::string before_;
};

/// Writes `source` to a file for debugging. Returns a text with its path, or with the reason why
/// there is none.
std::string keep_source(const std::string& source) {
  TemporaryFile file("sinter-kernel-", ".cu", source);
  if (!file.is_made()) return "no file could be made for the source";
  if (!file.is_written()) return "the source could not be written";
  file.keep();
  return fmt::format("the source is in {}", file.path());
}

class LoadedNvrtc final : public Nvrtc {
 public:
  LoadedNvrtc(const DynamicLibrary& library, const Functions& functions);
  const std::string& description() const override { return description_; }
  std::span<const int> architectures() const override { return architectures_; }
  std::string compile(const std::string& source, CudaArchitecture architecture) const override;

 private:
  std::vector<std::string> options(CudaArchitecture architecture) const;
  void check(Result result, std::string_view function, const DynamicLibrary& library) const;
  std::string log(Program program) const;
  Result output(Program program, bool ptx, std::string& bytes) const;
  [[noreturn]] void refuse(Result result, const std::string& source, CudaArchitecture architecture,
                           const std::string& log) const;

  const Functions functions_;
  int version_ = 0;  // major * 100 + minor
  std::string description_;
  std::vector<int> architectures_;
};

LoadedNvrtc::LoadedNvrtc(const DynamicLibrary& library, const Functions& functions)
    : functions_(functions) {
  int major = 0;
  int minor = 0;
  check(functions_.version(&major, &minor), "nvrtcVersion", library);
  version_ = major * 100 + minor;
  description_ = fmt::format("NVRTC {}.{}, {}", major, minor, library.path());
  int count = 0;
  check(functions_.architecture_count(&count), "nvrtcGetNumSupportedArchs", library);
  architectures_.resize(static_cast<std::size_t>(std::max(count, 0)));
  check(functions_.architectures(architectures_.data()), "nvrtcGetSupportedArchs", library);
  std::ranges::sort(architectures_);
}

void LoadedNvrtc::check(Result result, std::string_view function,
                        const DynamicLibrary& library) const {
  if (result == 0) return;
  fail(ErrorCode::internal,
       fmt::format("{} of {} fails: {}", function, library.path(), functions_.error_text(result)));
}

std::vector<std::string> LoadedNvrtc::options(CudaArchitecture architecture) const {
  std::vector<std::string> options{fmt::format(
      "--gpu-architecture={}_{}", architecture.ptx ? "compute" : "sm", architecture.number)};
  for (std::string_view option : cuda_compile_options()) options.emplace_back(option);
  options.emplace_back("--std=c++17");
  if (version_ >= 1204) options.emplace_back("--minimal");
  return options;
}

std::string LoadedNvrtc::log(Program program) const {
  std::size_t size = 0;
  if (functions_.log_size(program, &size) != 0 || size <= 1) return "";
  std::string log(size, '\0');
  functions_.log(program, log.data());
  log.resize(size - 1);
  return log;
}

Result LoadedNvrtc::output(Program program, bool ptx, std::string& bytes) const {
  std::size_t size = 0;
  Result result = (ptx ? functions_.ptx_size : functions_.cubin_size)(program, &size);
  if (result != 0) return result;
  bytes.assign(size, '\0');
  result = (ptx ? functions_.ptx : functions_.cubin)(program, bytes.data());
  if (ptx && size > 0) bytes.pop_back();  // the terminating null
  return result;
}

void LoadedNvrtc::refuse(Result result, const std::string& source, CudaArchitecture architecture,
                         const std::string& log) const {
  fail(ErrorCode::internal, fmt::format("a kernel for {}_{} does not compile: {} ({}); {}{}{}",
                                        architecture.ptx ? "compute" : "sm", architecture.number,
                                        functions_.error_text(result), description_,
                                        keep_source(source), log.empty() ? "" : "\n", log));
}

std::string LoadedNvrtc::compile(const std::string& source, CudaArchitecture architecture) const {
  std::optional<KeepLocale> locale;
  if (version_ < kKeepsLocale) locale.emplace();
  Program program = nullptr;
  if (const Result result =
          functions_.create(&program, source.c_str(), "kernel.cu", 0, nullptr, nullptr)) {
    refuse(result, source, architecture, "");
  }
  const std::vector<std::string> options = this->options(architecture);
  std::vector<const char*> words;
  for (const std::string& option : options) words.push_back(option.c_str());
  Result result = functions_.compile(program, static_cast<int>(words.size()), words.data());
  std::string made;
  if (result == 0) result = output(program, architecture.ptx, made);
  if (result != 0) made = log(program);
  functions_.destroy(&program);
  if (result != 0) refuse(result, source, architecture, made);
  return made;
}

}  // namespace

CudaArchitecture choose_architecture(int compute_capability, std::span<const int> known,
                                     std::string_view compiler) {
  const auto newer = std::ranges::upper_bound(known, compute_capability);
  if (newer == known.begin()) {
    fail(ErrorCode::unsupported,
         fmt::format("the device has compute capability {}.{}; {} supports {}",
                     compute_capability / 10, compute_capability % 10, compiler,
                     known.empty() ? "none" : fmt::format("sm_{} and newer", known.front())));
  }
  const int nearest = *(newer - 1);
  return {nearest, nearest != compute_capability};
}

std::shared_ptr<const Nvrtc> Nvrtc::load(const EnvironmentLookup& environment) {
  std::vector<std::string> attempts;
  const DynamicLibrary library = find_nvrtc(environment, attempts);
  if (!library) {
    fail(
        ErrorCode::unsupported,
        fmt::format("NVRTC, CUDA's compiler, was not found: install the CUDA toolkit or the Python "
                    "package nvidia-cuda-nvrtc, or let SINTER_NVRTC name libnvrtc.so.13 or .12. "
                    "Tried:{}",
                    list_attempts(attempts)));
  }
  Functions functions;
  if (const std::string missing = find_functions(library, functions); !missing.empty()) {
    fail(ErrorCode::unsupported,
         fmt::format("{} is not a supported NVRTC: it has no {}", library.path(), missing));
  }
  return std::make_shared<const LoadedNvrtc>(library, functions);
}

}  // namespace sinter::detail
