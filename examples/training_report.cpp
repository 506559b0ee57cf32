#include "training_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace {

using namespace sinter;

constexpr std::array kColours = {"#1b6ca8", "#2a9d8f", "#8ab17d", "#e9c46a",
                                 "#f4a261", "#d1495b", "#7b2d8b", "#444444"};

const char* kHead = R"(<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sinter: training on handwritten digits</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1300px;padding:0 1em;color:#222}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse}td,th{padding:.25em .9em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}
pre{font:12px/1.4 ui-monospace,monospace;background:#f6f6f4;padding:1em;overflow:auto;margin:0}
.beside{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:1em;align-items:start}
.beside pre{max-height:900px}svg text{font:12px system-ui,sans-serif;fill:#222}
svg .small{font-size:11px;fill:#555}svg .bold{font-weight:600}
@media(max-width:900px){.beside{grid-template-columns:minmax(0,1fr)}}
</style></head><body>
)";

std::string format(const char* text, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* text, ...) {
  std::array<char, 512> line{};
  va_list arguments;
  va_start(arguments, text);
  std::vsnprintf(line.data(), line.size(), text, arguments);
  va_end(arguments);
  return line.data();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      default: out += c;
    }
  }
  return out;
}

// --- Loss curves ---------------------------------------------------------------------------------

/// Loss by epoch, on a logarithmic scale.
std::string curves(const std::vector<TrainingResult>& results) {
  constexpr double kWidth = 720;
  constexpr double kHeight = 320;
  double lowest = 1e9;
  double highest = 0;
  std::size_t epochs = 2;
  for (const TrainingResult& result : results) {
    epochs = std::max(epochs, result.losses.size());
    for (const double loss : result.losses) {
      lowest = std::min(lowest, loss);
      highest = std::max(highest, loss);
    }
  }
  const double bottom = std::log10(std::max(lowest, 1e-6)) - 0.05;
  const double span = std::max(std::log10(highest) + 0.05 - bottom, 0.1);
  const auto x = [&](std::size_t epoch) {
    return 50 + (kWidth - 50) * static_cast<double>(epoch) / static_cast<double>(epochs - 1);
  };
  const auto y = [&](double loss) {
    return kHeight * (1 - (std::log10(std::max(loss, 1e-6)) - bottom) / span);
  };
  std::string out = format(
      "<svg viewBox=\"0 -10 %g %g\" width=\"100%%\" style=\"max-width:%gpx\" "
      "role=\"img\" aria-label=\"loss by epoch\">\n",
      kWidth + 150, kHeight + 45, kWidth + 150);
  for (double decade = std::ceil(bottom); decade <= bottom + span; ++decade) {
    const double level = y(std::pow(10, decade));
    out += format(
        "<line x1=\"50\" x2=\"%g\" y1=\"%g\" y2=\"%g\" stroke=\"#ddd\"/>"
        "<text x=\"44\" y=\"%g\" text-anchor=\"end\">%g</text>\n",
        kWidth, level, level, level + 4, std::pow(10, decade));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    out += format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    for (std::size_t epoch = 0; epoch < results[i].losses.size(); ++epoch) {
      out += format("%.1f,%.1f ", x(epoch), y(results[i].losses[epoch]));
    }
    const double row = 10 + 20 * static_cast<double>(i);
    out += format(
        "\"/>\n<rect x=\"%g\" y=\"%g\" width=\"14\" height=\"4\" fill=\"%s\"/>"
        "<text x=\"%g\" y=\"%g\">%s</text>\n",
        kWidth + 16, row, colour, kWidth + 36, row + 6, escaped(results[i].activation).c_str());
  }
  out += format("<text x=\"%g\" y=\"%g\">epoch 1 to %zu, mean loss of each</text></svg>\n", 50.0,
                kHeight + 26, epochs);
  return out;
}

std::string table(const std::vector<TrainingResult>& results) {
  std::string out =
      "<table><tr><th>activation</th><th>test accuracy</th><th>silent units</th><th>step, "
      "us</th><th>kernels a step</th><th>compiles</th><th>hash of the weights</th></tr>\n";
  for (const TrainingResult& result : results) {
    out += format(
        "<tr><td>%s</td><td>%.2f %%</td><td>%d</td><td>%.0f</td><td>%d</td><td>%d</td>"
        "<td>%s</td></tr>\n",
        escaped(result.activation).c_str(), 100 * result.accuracy, result.silent_units,
        result.step_us, result.kernels, result.compiles, result.hash.c_str());
  }
  return out + "</table>\n";
}

// --- The plan as a picture -----------------------------------------------------------------------

constexpr double kBoxWidth = 380;
constexpr double kBoxHeight = 74;
constexpr double kBoxStep = 104;

double centre(std::size_t kernel) { return 40 + kBoxStep * static_cast<double>(kernel); }

/// Names of the ops of a kernel, those that stand several times with their number.
std::string ops_of(const PlanKernel& kernel) {
  std::vector<std::pair<std::string, int>> counts;
  for (const Node& node : kernel.body.nodes()) {
    if (info(node.op).kind == OpKind::leaf || node.op == Op::broadcast) continue;
    const std::string name(node.op == Op::dot ? "mm" : to_string(node.op));
    const auto known = std::find_if(counts.begin(), counts.end(),
                                    [&](const auto& count) { return count.first == name; });
    if (known == counts.end())
      counts.emplace_back(name, 1);
    else
      ++known->second;
  }
  std::string out;
  for (const auto& [name, count] : counts) {
    const std::string next = name + (count > 1 ? " x" + std::to_string(count) : "");
    if (out.size() + next.size() > 62) return out + ", ...";
    out += (out.empty() ? "" : ", ") + next;
  }
  return out;
}

std::int64_t bytes_of(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

std::string names_of(const Plan& plan, const std::vector<PlanOperand>& operands,
                     PlanBuffer::Kind kind) {
  std::string out;
  for (const PlanOperand& operand : operands) {
    const PlanBuffer& buffer = plan.buffers[operand.buffer.index];
    if (buffer.kind != kind) continue;
    const std::string name = kind == PlanBuffer::Kind::input
                                 ? plan.graph.inputs()[buffer.position].name
                                 : plan.graph.outputs()[buffer.position].name;
    if (out.find(name) != std::string::npos) continue;
    if (out.size() + name.size() > 46) return out + ", ...";
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

std::string box(const Plan& plan, std::size_t k) {
  const PlanKernel& kernel = plan.kernels[k];
  const Shape& shape = kernel.body.shape(kernel.body.outputs().front().node);
  const double top = centre(k) - kBoxHeight / 2;
  const auto line = [&](int number, const char* style, const std::string& text) {
    return format("<text x=\"12\" y=\"%g\" class=\"%s\">", top + 18 + 16 * number, style) +
           escaped(text) + "</text>\n";
  };
  return format(
             "<rect x=\"1\" y=\"%g\" width=\"%g\" height=\"%g\" rx=\"6\" fill=\"#eef4f8\" "
             "stroke=\"#1b6ca8\"/>\n",
             top, kBoxWidth, kBoxHeight) +
         line(0, "bold", "kernel " + std::to_string(k) + " over " + to_string(shape)) +
         line(1, "", ops_of(kernel)) +
         line(2, "small", "reads " + names_of(plan, kernel.inputs, PlanBuffer::Kind::input)) +
         line(3, "small", "writes " + names_of(plan, kernel.outputs, PlanBuffer::Kind::output));
}

bool uses(const std::vector<PlanOperand>& operands, std::size_t buffer) {
  return std::any_of(operands.begin(), operands.end(),
                     [&](const PlanOperand& operand) { return operand.buffer.index == buffer; });
}

/// What goes from kernel to kernel: an arc each, with its bytes and why it is stored.
std::string arcs(const Plan& plan) {
  std::string out;
  for (std::size_t b = 0; b < plan.buffers.size(); ++b) {
    const PlanBuffer& buffer = plan.buffers[b];
    if (buffer.kind == PlanBuffer::Kind::input) continue;
    for (std::size_t from = 0; from < plan.kernels.size(); ++from) {
      if (!uses(plan.kernels[from].outputs, b)) continue;
      for (std::size_t to = from + 1; to < plan.kernels.size(); ++to) {
        if (!uses(plan.kernels[to].inputs, b)) continue;
        const double far = kBoxWidth + 24 + 22 * static_cast<double>(to - from);
        out += format("<path d=\"M%g %g C%g %g %g %g %g %g\" fill=\"none\" stroke=\"#d1495b\"/>\n",
                      kBoxWidth + 1, centre(from), far, centre(from) + 20, far, centre(to) - 20,
                      kBoxWidth + 1, centre(to) - 8);
        const std::string label = to_string(buffer.shape) + ", " +
                                  std::to_string(bytes_of(buffer)) + " bytes, " +
                                  std::string(to_string(buffer.rule));
        out += format("<text x=\"%g\" y=\"%g\" class=\"small\">", kBoxWidth + 8,
                      centre(to) - 14 - 12 * static_cast<double>(to - from - 1)) +
               escaped(label) + "</text>\n";
      }
    }
  }
  return out;
}

std::string picture(const Plan& plan) {
  const double height = kBoxStep * static_cast<double>(plan.kernels.size()) + 10;
  std::string out = format(
      "<svg viewBox=\"0 0 620 %g\" width=\"100%%\" role=\"img\" "
      "aria-label=\"kernels of the plan and what goes between them\">\n",
      height);
  out += arcs(plan);
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) out += box(plan, k);
  return out + "</svg>\n";
}

}  // namespace

std::string to_text(const std::vector<TrainingResult>& results) {
  std::string out =
      "activation        test accuracy  silent units  step us  kernels  compiles  hash of "
      "weights\n";
  for (const TrainingResult& result : results) {
    out += format("%-17s %12.2f %%  %12d  %7.0f  %7d  %8d  %s\n", result.activation.c_str(),
                  100 * result.accuracy, result.silent_units, result.step_us, result.kernels,
                  result.compiles, result.hash.c_str());
  }
  return out;
}

void write_report(const std::string& path, const std::vector<TrainingResult>& results,
                  const Plan& plan, const Executable& program) {
  std::ofstream file(path);
  file
      << kHead << "<h1>A 64-128-10 network on handwritten digits</h1>\n"
      << "<p>Minibatches of 64, softmax cross-entropy, Adam. Every step is one graph, "
         "differentiated, planned and compiled by sinter; the weights have the same bits on every "
         "machine.</p>\n"
      << table(results) << "<h2>Loss</h2>\n"
      << curves(results) << "<h2>The step, kernel by kernel, and its code</h2>\n"
      << "<p>" << plan.kernels.size() << " kernels, " << plan.workspace_bytes
      << " bytes between them. An arc is a value that is stored, with the rule that says why.</p>\n"
      << "<div class=\"beside\"><div>" << picture(plan) << "</div><pre>"
      << escaped(program.text(Stage::loops)) << "</pre></div>\n"
      << "<details><summary>The plan in words</summary><pre>" << escaped(program.text(Stage::plan))
      << "</pre></details>\n<details><summary>LLVM IR</summary><pre>"
      << escaped(program.text(Stage::llvm)) << "</pre></details>\n</body></html>\n";
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
}
