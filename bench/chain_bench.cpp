// sinter_chain_bench: leaky_relu(x * 1.5 + b, 0.01) * s + r over 256 to 64 M elements, by sinter,
// the copy and oneDNN.
#include "contest.h"

int main(int argc, char** argv) {
  return sinter::bench::run_contest(sinter::bench::kChain, argc, argv);
}
