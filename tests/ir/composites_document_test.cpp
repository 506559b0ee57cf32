// Reads docs/composites.md without the library's help and builds graphs of primitives from its
// listings. The graphs give the bits of the composites, so the document's abbreviations lose
// nothing.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/interpret.h>
#include <sinter/ir/text.h>

#include "support/op_uses.h"

namespace sinter::test {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

/// The section of one composite.
struct Section {
  std::vector<std::string> operands;
  std::map<std::string, Lines> listings;  ///< by dtype; T and I are replaced by dtypes
};

std::string replaced(std::string line, std::string_view from, std::string_view to) {
  const bool ends = line.ends_with(from);
  return ends ? line.replace(line.size() - from.size(), from.size(), to) : line;
}

std::map<std::string, Section> read_document() {
  std::ifstream file(std::string(SINTER_TEST_DIR) + "/../docs/composites.md");
  std::map<std::string, Section> sections;
  Section* section = nullptr;
  std::vector<std::string> dtypes;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) {
      const std::size_t bracket = line.find('(');
      section = &sections[line.substr(3, bracket - 3)];
      for (const std::string& operand : split(line.substr(bracket + 1), ", ")) {
        section->operands.push_back(operand.substr(0, operand.find_first_of("=)")));
      }
    } else if (section != nullptr && line.ends_with(':')) {
      line.pop_back();
      dtypes = split(line, ", ");
    } else if (section != nullptr && !line.empty()) {
      const std::string text = line.substr(line.find_first_not_of(' '));
      for (const std::string& dtype : dtypes) {
        Lines& lines = section->listings[dtype];
        if (line.starts_with("     ")) {
          lines.back() += " " + text;
        } else {
          lines.push_back(text);
        }
        lines.back() = replaced(replaced(lines.back(), ": T", ": " + dtype), ": I",
                                dtype == "f64" ? ": i64" : ": i32");
      }
    }
  }
  return sections;
}

/// Translates listings into the text form of graphs. All values have one shape.
class Translator {
 public:
  Translator(const std::map<std::string, Section>& sections, std::size_t length)
      : sections_(sections), shape_(fmt::format("[{}]", length)) {}

  [[nodiscard]] std::string text(std::string_view op, std::string_view dtype) {
    std::vector<std::string> inputs;
    for (const std::string& operand : sections_.at(std::string(op)).operands) {
      inputs.push_back(add("input \"" + operand + "\"", dtype, shape_));
    }
    const std::string result = composite(op, dtype, inputs);
    return "sinter graph 1\n" + text_ + "output \"y\" = " + result + "\n";
  }

 private:
  using Names = std::map<std::string, std::string>;

  std::string add(std::string_view what, std::string_view dtype, std::string_view shape) {
    text_ += fmt::format("%{} = {}: {}{}\n", next_, what, dtype, shape);
    return fmt::format("%{}", next_++);
  }

  std::string composite(std::string_view op, std::string_view dtype,
                        const std::vector<std::string>& operands) {
    const Section& section = sections_.at(std::string(op));
    Names names;
    for (std::size_t i = 0; i < operands.size(); ++i) names[section.operands[i]] = operands[i];
    std::string last;
    for (const std::string& line : section.listings.at(std::string(dtype))) {
      if (line.starts_with("result ")) return names.at(line.substr(7));
      const std::size_t equals = line.find(" = ");
      const std::string name = line.substr(0, equals);
      const std::string what = line.substr(equals + 3);
      last = names[name] = what.starts_with('[') ? what : value(what, dtype, names);
    }
    return last;
  }

  /// Translates one value, such as "fma(%1, 2, x): f32".
  std::string value(const std::string& what, std::string_view own, const Names& names) {
    const std::size_t colon = what.rfind(": ");
    const std::string dtype = what.substr(colon + 2);
    if (what.starts_with("constant ")) return add(what.substr(0, colon), dtype, "[]");
    const std::size_t bracket = what.find('(');
    const std::string op = what.substr(0, bracket);
    std::vector<std::string> operands;
    for (const std::string& operand : split(what.substr(bracket + 1, colon - bracket - 2), ", ")) {
      const auto known = names.find(operand);
      operands.push_back(known != names.end() ? known->second : "const " + operand);
    }
    if (op == "lut16") operands.back() = "table=" + operands.back();
    if (op == "horner") return horner(operands, dtype);
    if (sections_.contains(op)) return composite(op, own, operands);
    std::string text = op;
    for (const std::string& operand : operands) text += (text == op ? "(" : ", ") + operand;
    return add(text + ")", dtype, shape_);
  }

  std::string horner(const std::vector<std::string>& operands, std::string_view dtype) {
    const std::string& x = operands[0];
    std::string p = add(fmt::format("fma({}, {}, {})", x, operands[1], operands[2]), dtype, shape_);
    for (std::size_t i = 3; i < operands.size(); ++i) {
      p = add(fmt::format("fma({}, {}, {})", p, x, operands[i]), dtype, shape_);
    }
    return p;
  }

  const std::map<std::string, Section>& sections_;
  const std::string shape_;
  std::string text_;
  int next_ = 0;
};

/// Returns operands for the listing. An attribute becomes a tensor filled with its number.
std::vector<TensorData> inputs_of(const OpUse& use) {
  std::vector<TensorData> inputs = operand_grid(use);
  const auto length = static_cast<std::size_t>(inputs[0].shape.elements());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const OperandInfo& operand = info(use.op).operands[i];
    if (!operand.attribute) continue;
    const double number = operand.default_value.value_or(1);
    inputs[i] = tensor_of(use.operands[i], std::vector<double>(length, number));
  }
  return inputs;
}

TEST(CompositesDocument, ComputesWhatTheCompositesCompute) {
  const std::map<std::string, Section> sections = read_document();
  int count = 0;
  for (const OpUse& use : uses_of(OpKind::composite)) {
    const DType dtype = use.operands[0];
    if (use.op == Op::recast || is_storage_float(dtype)) continue;
    SCOPED_TRACE(text(use));
    const std::vector<TensorData> inputs = inputs_of(use);
    Translator translator(sections, static_cast<std::size_t>(inputs[0].shape.elements()));
    const Graph listed = parse(translator.text(to_string(use.op), to_string(dtype)));
    std::vector<TensorData> tensors;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!info(use.op).operands[i].attribute) tensors.push_back(inputs[i]);
    }
    const TensorData expected = interpret(graph_of(use, inputs[0].shape), tensors)[0];
    EXPECT_EQ(first_difference(interpret(listed, inputs)[0], expected), -1);
    ++count;
  }
  EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace sinter::test
