// A workload as Google Benchmark programs: every contestant at every size, randomly interleaved.
#pragma once

#include "workloads.h"

namespace sinter::bench {

/// The main of a benchmark program. Interleaves and aggregates unless the flags say otherwise.
int run_contest(const Workload& workload, int argc, char** argv);

}  // namespace sinter::bench
