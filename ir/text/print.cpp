// The printer of the text form, which text.h describes; parse.cpp reads it.
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/text.h>

#include <bit>
#include <vector>

namespace sinter {
namespace {

bool is_scalar_leaf(const Node& node) {
  return node.op == Op::parameter || node.op == Op::constant;
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string strides_text(const Strides& strides) {
  return strides.empty() ? "" : " strides " + to_string(strides);
}

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options)
      : graph_(graph), options_(options), numbers_(graph.nodes().size(), kInline) {
    number_nodes();
  }

  std::string text() const {
    std::string out = "sinter graph 1\n";
    for (std::uint32_t i = 0; i < numbers_.size(); ++i) {
      if (numbers_[i] != kInline) out += line({i});
    }
    for (const GraphOutput& output : graph_.outputs()) {
      out += fmt::format("output {} = %{}{}\n", quoted(output.name), numbers_[output.node.index],
                         strides_text(output.strides));
    }
    return out;
  }

 private:
  static constexpr std::uint32_t kInline = 0xffffffff;

  /// True if the parser infers the right dtype for scalar `id` when it is printed as an operand of
  /// `user`. The parser takes the dtype of the first operand that is neither bool nor a scalar.
  [[nodiscard]] bool readable_in(const Node& user, NodeId id) const {
    for (NodeId operand : user.inputs()) {
      const Node& other = graph_.node(operand);
      if (is_scalar_leaf(other) || other.dtype == DType::boolean) continue;
      return other.dtype == graph_.node(id).dtype;
    }
    return false;
  }

  void number_nodes() {
    const std::span<const Node> nodes = graph_.nodes();
    std::vector<std::uint32_t> uses(nodes.size(), 0);
    std::vector<bool> own_line(nodes.size(), false);
    for (const Node& node : nodes) {
      for (NodeId operand : node.inputs()) {
        ++uses[operand.index];
        if (!readable_in(node, operand)) own_line[operand.index] = true;
      }
    }
    for (const GraphOutput& output : graph_.outputs()) own_line[output.node.index] = true;
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      // A scalar with two uses would become two scalars if it were printed inline.
      if (!is_scalar_leaf(nodes[i]) || own_line[i] || uses[i] != 1) numbers_[i] = next++;
    }
  }

  [[nodiscard]] std::string scalar(const Node& node) const {
    if (node.op == Op::constant) return to_text(std::bit_cast<double>(node.payload));
    if (options_.parameter_names) return fmt::format("${}", node.payload);
    return to_text(graph_.parameters()[node.payload]);
  }

  [[nodiscard]] std::string operand(NodeId id) const {
    if (numbers_[id.index] != kInline) return fmt::format("%{}", numbers_[id.index]);
    const Node& node = graph_.node(id);
    return (node.op == Op::constant ? "const " : "") + scalar(node);
  }

  [[nodiscard]] std::string call(NodeId id) const {
    const Node& node = graph_.node(id);
    const OpInfo& row = info(node.op);
    std::string out = fmt::format("{}(", row.name);
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      if (i != 0) out += ", ";
      if (row.operands[i].attribute) out += fmt::format("{}=", row.operands[i].name);
      out += operand(node.operands[i]);
    }
    const Attributes attributes = graph_.attributes(id);
    for (std::size_t i = 0; i < kMaxLists && !row.lists[i].empty(); ++i) {
      out += fmt::format(", {}={}", row.lists[i], to_string(attributes.lists[i]));
    }
    if (attributes.table.has_value()) out += ", table=" + to_text(*attributes.table);
    return out + ")";
  }

  [[nodiscard]] std::string line(NodeId id) const {
    const Node& node = graph_.node(id);
    std::string what;
    if (node.op == Op::input) {
      what = "input " + quoted(graph_.inputs()[node.payload].name);
    } else if (is_scalar_leaf(node)) {
      what = fmt::format("{} {}", to_string(node.op), scalar(node));
    } else if (node.op == Op::iota) {
      what = fmt::format("iota {}", node.payload);
    } else {
      what = call(id);
    }
    std::string memory;
    if (node.op == Op::input) {
      const GraphInput& input = graph_.inputs()[node.payload];
      memory = strides_text(input.strides) + (input.donated ? " donated" : "");
    }
    return fmt::format("%{} = {}: {}{}{}\n", numbers_[id.index], what, to_string(node.dtype),
                       to_string(graph_.shape(id)), memory);
  }

  const Graph& graph_;
  const PrintOptions& options_;
  /// Number of each node in the text; kInline for scalars that print where they are used.
  std::vector<std::uint32_t> numbers_;
};

}  // namespace

std::string to_text(double value) {
  const detail::FloatEnvironment environment;
  if (std::isnan(value)) return "nan";
  char buffer[32];
  const std::to_chars_result end = std::to_chars(std::begin(buffer), std::end(buffer), value);
  return {buffer, end.ptr};
}

std::string to_text(const LookupTable& table) {
  std::string text;
  for (double number : table) text += (text.empty() ? "[" : ", ") + to_text(number);
  return text + "]";
}

std::string print(const Graph& graph, const PrintOptions& options) try {
  const detail::FloatEnvironment environment;
  return Printer(graph, options).text();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
