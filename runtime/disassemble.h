// Machine code of a GPU as text, by the disassemblers of NVIDIA's toolkit, where they are
// installed.
#pragma once

#include <string>
#include <vector>

#include "nvrtc_search.h"

namespace sinter::detail {

/// Files that may be a disassembler, nvdisasm before cuobjdump in each folder: those of CUDA_HOME
/// and CUDA_PATH, of PATH, and of toolkits where they are installed by default.
[[nodiscard]] std::vector<std::string> disassemblers(const EnvironmentLookup& environment);

/// SASS of a cubin. Throws Error(unsupported) with every path that was tried where there is no
/// disassembler, Error(internal) with what it said where it fails.
[[nodiscard]] std::string disassemble(const std::string& cubin,
                                      const EnvironmentLookup& environment = process_environment);

}  // namespace sinter::detail
