// sinter_leaky_relu_bench: leaky_relu over 256 to 64 M elements, by sinter, the copy and oneDNN.
#include "contest.h"

int main(int argc, char** argv) {
  return sinter::bench::run_contest(sinter::bench::kLeakyRelu, argc, argv);
}
