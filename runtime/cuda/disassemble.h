// GPU machine code as text, by the disassemblers of NVIDIA's toolkit, if they are installed.
#pragma once

#include <string>
#include <vector>

#include "environment.h"

namespace sinter::detail {

/// Paths to try as a disassembler: in CUDA_HOME and CUDA_PATH, in PATH, and in the default folders
/// of toolkits. In each folder nvdisasm precedes cuobjdump.
[[nodiscard]] std::vector<std::string> disassemblers(const EnvironmentLookup& environment);

/// SASS of a cubin. Throws Error: unsupported, with every path that was tried, if there is no
/// disassembler; internal, with the disassembler's output, if it fails.
[[nodiscard]] std::string disassemble(const std::string& cubin,
                                      const EnvironmentLookup& environment = process_environment);

}  // namespace sinter::detail
