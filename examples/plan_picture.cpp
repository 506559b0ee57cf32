// Boxes stand one below the other. To their right, each stored value has a lane from its writer to
// its last reader.
#include "plan_picture.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "html.h"
#include "step_plan.h"

using namespace sinter;

namespace {

// Lengths are in SVG user units, which are pixels.
constexpr std::size_t kCharacters = 70;  // most characters of a line in a box
constexpr double kBoxWidth = 470;
constexpr double kLine = 16;  // height of a line of text
constexpr double kGap = 18;   // between two boxes
constexpr double kLane = 15;  // width of a lane
constexpr std::array kColours = {"#1b6ca8", "#c0392b", "#1e8449", "#7d3c98",
                                 "#b9770e", "#117a8b", "#555555"};

/// A value that one kernel stores and others read.
struct Stored {
  std::size_t buffer = 0;
  std::size_t writer = 0;  ///< kernel that writes it; the first if several write parts of a concat
  std::vector<std::size_t> readers;
  std::size_t lane = 0;
  std::string name;
  [[nodiscard]] const char* colour() const { return kColours[lane % kColours.size()]; }
};

/// The stored values in the order of their writers. Each gets the first free lane.
std::vector<Stored> stored_values(const Plan& plan) {
  std::vector<Stored> all;
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    for (const PlanOperand& output : plan.kernels[k].outputs) {
      const std::size_t buffer = output.buffer.index;
      const auto same = [&](const Stored& other) { return other.buffer == buffer; };
      if (std::any_of(all.begin(), all.end(), same)) continue;
      Stored value{buffer, k, {}, 0, {}};
      for (std::size_t reader = k + 1; reader < plan.kernels.size(); ++reader) {
        if (uses(plan.kernels[reader].inputs, buffer)) value.readers.push_back(reader);
      }
      if (!value.readers.empty()) all.push_back(value);
    }
  }
  std::vector<std::size_t> busy_until;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Stored& value = all[i];
    value.name =
        std::string(1, static_cast<char>('a' + i % 26)) + (i < 26 ? "" : std::to_string(i / 26));
    while (value.lane < busy_until.size() && busy_until[value.lane] >= value.writer) ++value.lane;
    if (value.lane == busy_until.size()) busy_until.push_back(0);
    busy_until[value.lane] = value.readers.back();
  }
  return all;
}

/// `words` joined by commas, cut at the end of a line.
std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (out.size() + word.size() + 12 > kCharacters) return out + ", ...";
    out += (out.empty() ? "" : ", ") + word;
  }
  return out;
}

/// Names of the ops of a kernel, with a count for those that occur several times.
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
  std::vector<std::string> words;
  for (const auto& [name, count] : counts) {
    words.push_back(name + (count > 1 ? " x" + std::to_string(count) : ""));
  }
  return listed(words);
}

/// Names of the inputs or outputs of the graph that a kernel reads or writes.
std::string names_of(const Plan& plan, const std::vector<PlanOperand>& operands,
                     PlanBuffer::Kind kind) {
  std::vector<std::string> names;
  for (const PlanOperand& operand : operands) {
    const PlanBuffer& buffer = plan.buffers[operand.buffer.index];
    if (buffer.kind != kind) continue;
    const std::string& name = kind == PlanBuffer::Kind::input
                                  ? plan.graph.inputs()[buffer.position].name
                                  : plan.graph.outputs()[buffer.position].name;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return listed(names);
}

/// The box of one kernel: its lines of text and its position.
class Box {
 public:
  Box(const Plan& plan, std::size_t kernel, const std::vector<Stored>& values, double top)
      : kernel_(kernel), top_(top) {
    const PlanKernel& own = plan.kernels[kernel];
    const Shape& shape = own.body.shape(own.body.outputs().front().node);
    add("bold", escaped("kernel " + std::to_string(kernel) + " over " + to_string(shape)));
    add("", escaped(ops_of(own)));
    add_reads(plan, values);
    const std::string writes = names_of(plan, own.outputs, PlanBuffer::Kind::output);
    if (!writes.empty()) add("small", "writes " + escaped(writes));
    for (const Stored& value : values) {
      if (value.writer == kernel) add_store(plan.buffers[value.buffer], value);
    }
  }

  [[nodiscard]] double bottom() const { return top_ + 10 + kLine * static_cast<double>(lines_); }
  /// Vertical position where the line of a stored value begins (store_y), or ends at this reader
  /// (read_y).
  [[nodiscard]] double store_y(const Stored& value) const {
    const auto known = std::find_if(stores_.begin(), stores_.end(),
                                    [&](const auto& store) { return store.first == value.buffer; });
    return known == stores_.end() ? top_ + 14 : known->second;
  }
  [[nodiscard]] double read_y(const Stored& value) const {
    const auto position = std::find(reads_.begin(), reads_.end(), value.buffer) - reads_.begin();
    return top_ + 10 + 8 * static_cast<double>(position);
  }
  [[nodiscard]] std::string svg() const {
    return format(
               "<a href=\"#kernel_%zu\"><rect x=\"1\" y=\"%g\" width=\"%g\" height=\"%g\" rx=\"6\" "
               "fill=\"#eef4f8\" stroke=\"#1b6ca8\"/>\n",
               kernel_, top_, kBoxWidth, bottom() - top_) +
           text_ + "</a>\n";
  }

 private:
  void add(const char* style, const std::string& text) {
    text_ +=
        format("<text x=\"12\" y=\"%g\" class=\"%s\">", next_line(), style) + text + "</text>\n";
    ++lines_;
  }
  [[nodiscard]] double next_line() const { return top_ + 18 + kLine * static_cast<double>(lines_); }
  static std::string named(const Stored& value) {
    return format("<tspan class=\"bold\" fill=\"%s\">%s</tspan>", value.colour(),
                  value.name.c_str());
  }
  void add_reads(const Plan& plan, const std::vector<Stored>& values) {
    std::string text =
        escaped(names_of(plan, plan.kernels[kernel_].inputs, PlanBuffer::Kind::input));
    for (const Stored& value : values) {
      if (std::find(value.readers.begin(), value.readers.end(), kernel_) == value.readers.end()) {
        continue;
      }
      reads_.push_back(value.buffer);
      text += (text.empty() ? "" : ", ") + named(value);
    }
    if (!text.empty()) add("small", "reads " + text);
  }
  void add_store(const PlanBuffer& buffer, const Stored& value) {
    stores_.emplace_back(value.buffer, next_line() - 4);
    add("small", "stores " + named(value) +
                     escaped(": " + std::string(to_string(buffer.dtype)) + to_string(buffer.shape) +
                             ", " + std::to_string(bytes_of(buffer)) +
                             " bytes; rule: " + std::string(to_string(buffer.rule))));
  }

  std::size_t kernel_;
  double top_;
  int lines_ = 0;
  std::string text_;
  std::vector<std::pair<std::size_t, double>> stores_;
  std::vector<std::size_t> reads_;
};

/// The line of a value: from its writer to its lane, down, and back to each reader.
std::string line_of(const Stored& value, const std::vector<Box>& boxes) {
  const double lane = kBoxWidth + 26 + kLane * static_cast<double>(value.lane);
  const double from = boxes[value.writer].store_y(value);
  std::string out = format(
      "<g stroke=\"%s\" stroke-width=\"1.5\" fill=\"none\"><circle cx=\"%g\" cy=\"%g\" r=\"2\" "
      "fill=\"%s\"/><path d=\"M%g %g H%g V%g\"/>",
      value.colour(), kBoxWidth + 1, from, value.colour(), kBoxWidth + 1, from, lane,
      boxes[value.readers.back()].read_y(value));
  for (const std::size_t reader : value.readers) {
    const double y = boxes[reader].read_y(value);
    out += format("<path d=\"M%g %g H%g\"/><path d=\"M%g %g l7 -3.5 v7 z\" fill=\"%s\"/>", lane, y,
                  kBoxWidth + 8, kBoxWidth + 2, y, value.colour());
  }
  return out + "</g>\n";
}

}  // namespace

std::string picture_of(const Plan& plan) {
  const std::vector<Stored> values = stored_values(plan);
  std::vector<Box> boxes;
  double top = 1;
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    boxes.emplace_back(plan, k, values, top);
    top = boxes.back().bottom() + kGap;
  }
  std::size_t lanes = 0;
  for (const Stored& value : values) lanes = std::max(lanes, value.lane + 1);
  const double width = kBoxWidth + 40 + kLane * static_cast<double>(lanes);
  std::string out = format(
      "<svg viewBox=\"0 0 %g %g\" width=\"%g\" role=\"img\" "
      "aria-label=\"kernels of the plan and what goes between them\">\n",
      width, top, width);
  for (const Stored& value : values) out += line_of(value, boxes);
  for (const Box& box : boxes) out += box.svg();
  return out + "</svg>\n";
}
