// A workload under Google Benchmark: every contestant at every size, randomly interleaved.
#pragma once

#include "workloads.h"

namespace sinter::bench {

/// The main function of a benchmark program; returns its exit status. Interleaves contestants and
/// reports aggregates only, unless flags say otherwise.
int run_contest(const Workload& workload, int argc, char** argv);

}  // namespace sinter::bench
