// One self-contained HTML file about a training run: loss curves, a table, the plan of the step as
// a picture, and the code that was generated for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sinter/sinter.h>

/// What one activation came to.
struct TrainingResult {
  std::string activation;
  std::vector<double> losses;   ///< the mean over each epoch
  double accuracy = 0;          ///< on images that were not trained on
  int silent_units = 0;         ///< negative for every such image
  double zeros = 0;             ///< share of them among the values of hidden units, of such images
  double step_us = 0;           ///< median
  int kernels = 0;              ///< of a step
  std::int64_t kept_bytes = 0;  ///< by a step, for its backward half
  int compiles = 0;             ///< kernels whose machine code was made for this activation
  std::string hash;             ///< of the weights in the end
};

/// The table that stands in the terminal and in the file.
[[nodiscard]] std::string to_text(const std::vector<TrainingResult>& results);

/// Writes the file. `machine` says what took the times, `plan` is that of the training step that
/// the file shows, and `program` the same step, compiled. Throws std::runtime_error if it cannot
/// write.
void write_report(const std::string& path, const std::string& machine,
                  const std::vector<TrainingResult>& results, const sinter::Plan& plan,
                  const sinter::Executable& program);
