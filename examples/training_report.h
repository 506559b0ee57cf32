// One self-contained HTML file about a training run: a table, loss curves, the plan of a step as a
// picture, and the generated code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sinter/sinter.h>

/// The results of training with one activation.
struct TrainingResult {
  std::string activation;
  std::vector<double> losses;   ///< mean loss of each epoch
  double accuracy = 0;          ///< fraction of the test images
  int silent_units = 0;         ///< hidden units that are positive for no test image
  double zeros = 0;             ///< fraction of zeros among all hidden values of the test images
  double step_us = 0;           ///< median time of a step, in microseconds
  int kernels = 0;              ///< kernels of a step
  std::int64_t kept_bytes = 0;  ///< bytes that a step keeps for its backward half
  int compiles = 0;             ///< kernels compiled for this activation
  std::string hash;             ///< of the final weights
};

/// The results as a table for the terminal.
[[nodiscard]] std::string to_text(const std::vector<TrainingResult>& results);

/// Writes the file. It names `machine`, which took the times, and shows `plan`, the plan of a
/// training step, and the code of `program`, the compiled step. Throws std::runtime_error if it
/// cannot write.
void write_report(const std::string& path, const std::string& machine,
                  const std::vector<TrainingResult>& results, const sinter::Plan& plan,
                  const sinter::Executable& program);
