// to_text and to_json: a report as a table and as JSON.
#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include <sinter/bench/measure.h>

namespace sinter::bench {
namespace {

/// Three digits with a unit: "61.2 ns", "4.31 us".
std::string duration(double nanoseconds) {
  constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  while (std::abs(nanoseconds) >= 999.5 && unit + 1 < std::size(kUnits)) {
    nanoseconds /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g} {}", nanoseconds, kUnits[unit]);
}

void row(std::string& out, std::string_view what, const Spread& time, std::string_view note = {}) {
  out += fmt::format("{:<22}{:>10}   {:>9} .. {:<9} {}\n", what, duration(time.median),
                     duration(time.low), duration(time.high), note);
}

std::string against(const Spread& ratio, std::string_view other) {
  return fmt::format("fused is {:.2f} times as fast ({:.2f} .. {:.2f}){}", ratio.median, ratio.low,
                     ratio.high, other);
}

void write_runs(std::string& out, const Report& report) {
  out += fmt::format("{:<22}{:>10}   {}\n", "", "median", "10 % .. 90 %");
  row(out, "fused", report.fused,
      fmt::format("{:.3g} GB/s, {} kernel(s)", report.bandwidth(), report.kernels));
  row(out, "op by op", report.op_by_op,
      against(report.against_op_by_op, fmt::format(", {} kernels", report.kernels_op_by_op)));
  row(out, "copy", report.copy,
      against(report.against_copy,
              fmt::format(", {} stores, {} thread(s)", to_string(report.copy_stores),
                          report.copy_threads)));
}

void write_compile(std::string& out, const CompileReport& compile) {
  const CompileTimes& stages = compile.stages;
  row(out, "compile, new", compile.total,
      fmt::format("plan {}, schedule {}, emit {}, codegen {}, link {}",
                  duration(static_cast<double>(stages.plan)),
                  duration(static_cast<double>(stages.schedule)),
                  duration(static_cast<double>(stages.emit)),
                  duration(static_cast<double>(stages.codegen)),
                  duration(static_cast<double>(stages.link))));
  row(out, "compile, known", compile.known);
}

void write_overhead(std::string& out, const OverheadReport& overhead) {
  row(out, "direct kernel call", overhead.direct);
  row(out, "  bound call adds", overhead.bound);
  row(out, "  run() adds", overhead.run);
}

std::string stages_json(const CompileTimes& stages) {
  return fmt::format(R"({{"plan": {}, "schedule": {}, "emit": {}, "codegen": {}, "link": {}}})",
                     stages.plan, stages.schedule, stages.emit, stages.codegen, stages.link);
}

std::string overhead_json(const std::optional<OverheadReport>& overhead) {
  if (!overhead.has_value()) return "null";
  return fmt::format(R"({{"direct": {}, "bound": {}, "run": {}}})", to_json(overhead->direct),
                     to_json(overhead->bound), to_json(overhead->run));
}

}  // namespace

std::string to_json(const Spread& spread) {
  return fmt::format(R"({{"median": {:.6g}, "p10": {:.6g}, "p90": {:.6g}}})", spread.median,
                     spread.low, spread.high);
}

std::string to_text(const Report& report) {
  std::string text =
      fmt::format("target {}, {} thread(s), {} bytes read and {} written a call\n", report.target,
                  report.threads, report.bytes_read, report.bytes_written);
  write_runs(text, report);
  write_compile(text, report.compile);
  if (report.overhead.has_value()) write_overhead(text, *report.overhead);
  return text;
}

std::string to_json(const Report& report) {
  std::string json =
      fmt::format(R"({{"target": "{}", "threads": {}, )", report.target, report.threads);
  json += fmt::format(R"("kernels": {}, "kernels_op_by_op": {}, )", report.kernels,
                      report.kernels_op_by_op);
  json += fmt::format(R"("bytes_read": {}, "bytes_written": {}, )", report.bytes_read,
                      report.bytes_written);
  json += fmt::format(R"("fused_ns": {}, "op_by_op_ns": {}, "copy_ns": {}, )",
                      to_json(report.fused), to_json(report.op_by_op), to_json(report.copy));
  json += fmt::format(R"("copy_stores": "{}", "copy_threads": {}, )", to_string(report.copy_stores),
                      report.copy_threads);
  json += fmt::format(R"("against_op_by_op": {}, "against_copy": {}, )",
                      to_json(report.against_op_by_op), to_json(report.against_copy));
  json += fmt::format(R"("compile_ns": {}, "compile_stages_ns": {}, "compile_known_ns": {}, )",
                      to_json(report.compile.total), stages_json(report.compile.stages),
                      to_json(report.compile.known));
  json += fmt::format(R"("overhead_ns": {}}})", overhead_json(report.overhead));
  return json;
}

std::ostream& operator<<(std::ostream& stream, const Report& report) {
  return stream << to_text(report);
}

}  // namespace sinter::bench
