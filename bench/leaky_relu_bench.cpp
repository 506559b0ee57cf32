// leaky_relu over 256 to 64 M elements: sinter, the copy, oneDNN.
#include "contest.h"

int main(int argc, char** argv) {
  return sinter::bench::run_contest(sinter::bench::kLeakyRelu, argc, argv);
}
