// The sections of the report as HTML.
#include "training_report.h"

#include <array>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "html.h"
#include "loss_curves.h"
#include "plan_picture.h"

namespace {

using namespace sinter;

const char* kHead = R"(<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sinter: training on handwritten digits</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1400px;padding:0 1em;color:#222;
background:#fff;color-scheme:light}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
table{border-collapse:collapse}
td,th{white-space:nowrap;padding:.25em .9em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}
pre{font:12px/1.4 ui-monospace,monospace;background:#f6f6f4;padding:1em;overflow:auto;margin:0}
.beside{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:1em;align-items:start}
.beside pre{position:sticky;top:1em;max-height:calc(100vh - 4em)}
.wide{overflow-x:auto}.legend span{white-space:nowrap;margin-right:1.5em}pre b{color:#1b6ca8}
pre b:target{background:#ffe9a8}svg text{font:13px system-ui,sans-serif;fill:#222}
svg .small{font-size:12.5px;fill:#444}svg .bold{font-weight:600}
svg a:hover rect{fill:#dceaf4}
@media(max-width:900px){.beside{grid-template-columns:minmax(0,1fr)}.beside pre{position:static}}
</style></head><body>
)";

std::string table(const std::vector<TrainingResult>& results) {
  std::string out =
      "<div class=\"wide\"><table><tr><th>activation</th><th>test accuracy</th><th>silent "
      "units</th><th>zeros</th>"
      "<th>step, us</th><th>kernels a step</th><th>bytes kept for "
      "backward</th><th>compiles</th><th>hash of the weights</th></tr>\n";
  for (const TrainingResult& result : results) {
    out += format(
        "<tr><td>%s</td><td>%.2f %%</td><td>%d</td><td>%.1f %%</td><td>%.0f</td><td>%d</td>"
        "<td>%lld</td><td>%d</td><td><code>%s</code></td></tr>\n",
        escaped(result.activation).c_str(), 100 * result.accuracy, result.silent_units,
        100 * result.zeros, result.step_us, result.kernels,
        static_cast<long long>(result.kept_bytes), result.compiles, result.hash.c_str());
  }
  return out + "</table></div>\n";
}

/// The loss curves; the second chart is relative to leaky_relu with its default slope.
std::string curves(const std::vector<TrainingResult>& results) {
  std::vector<Curve> all;
  std::size_t reference = 0;
  for (const TrainingResult& result : results) {
    if (result.activation == "leaky_relu 0.01") reference = all.size();
    all.push_back({result.activation, result.losses});
  }
  return charts_of(all, reference);
}

/// The loops of all kernels. The name of each kernel is a link target.
std::string code_of(const Executable& program) {
  std::string out;
  const std::string text = escaped(program.text(Stage::loops));
  constexpr std::string_view kStart = "kernel_";
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end + 1;
    const std::string line = text.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (line.starts_with(kStart) && colon != std::string::npos) {
      const std::string name = line.substr(0, colon);
      out += "<b id=\"" + name + "\">" + name + "</b>" + line.substr(colon);
    } else {
      out += line;
    }
    at = end;
  }
  return out;
}

/// The current date in UTC, in the form of ISO 8601.
std::string today() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 16> text{};
  std::tm date{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", gmtime_r(&now, &date));
  return text.data();
}

}  // namespace

std::string to_text(const std::vector<TrainingResult>& results) {
  std::string out =
      "activation        accuracy  silent   zeros  step us  kernels   kept  compiles  hash of "
      "weights\n";
  for (const TrainingResult& result : results) {
    out += format("%-16s %7.2f %%  %6d  %4.1f %%  %7.0f  %7d  %5lld  %8d  %s\n",
                  result.activation.c_str(), 100 * result.accuracy, result.silent_units,
                  100 * result.zeros, result.step_us, result.kernels,
                  static_cast<long long>(result.kept_bytes), result.compiles, result.hash.c_str());
  }
  return out;
}

void write_report(const std::string& path, const std::string& machine,
                  const std::vector<TrainingResult>& results, const Plan& plan,
                  const Executable& program) {
  std::ofstream file(path);
  file
      << kHead << "<h1>A 64-128-10 network on handwritten digits</h1>\n"
      << "<p>Minibatches of 64, softmax cross-entropy, Adam. Every step is one graph, "
         "differentiated, planned and compiled by sinter; the weights have the same bits on every "
         "machine.</p>\n<p>Times: "
      << escaped(machine) << "; sinter " SINTER_VERSION "; " << today() << ".</p>\n"
      << table(results) << "<h2>Loss</h2>\n"
      << curves(results) << "<h2>The step, kernel by kernel, and its code</h2>\n"
      << "<p>The step of leaky_relu 0.01: " << plan.kernels.size() << " kernels, "
      << plan.workspace_bytes
      << " bytes of memory between them. A line is a value that one kernel stores and others read; "
         "its rule says why it is stored. A click on a kernel shows its loops.</p>\n"
      << "<div class=\"beside\"><div class=\"wide\">" << picture_of(plan) << "</div><pre>"
      << code_of(program) << "</pre></div>\n"
      << "<details><summary>The plan in words</summary><pre>" << escaped(program.text(Stage::plan))
      << "</pre></details>\n<details><summary>LLVM IR</summary><pre>"
      << escaped(program.text(Stage::llvm)) << "</pre></details>\n</body></html>\n";
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
}
