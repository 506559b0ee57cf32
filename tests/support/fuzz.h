// Makes the fuzzer's tools visible to tests: random graphs, buffers between guard pages, and
// strided memory.
#pragma once

#include <sinter/fuzz/arbitrary_graph.h>
#include <sinter/fuzz/guarded_buffer.h>
#include <sinter/fuzz/random.h>
#include <sinter/fuzz/random_graph.h>
#include <sinter/fuzz/strided.h>

namespace sinter::test {
using namespace fuzz;
}
