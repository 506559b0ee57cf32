// A case as text: the graph's text form, a line for the rounding if it is each_op, and one per
// input.
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include <sinter/fuzz/case.h>
#include <sinter/ir/text.h>

namespace sinter::fuzz {
namespace {

constexpr std::string_view kRounding = "rounding each_op";
constexpr std::string_view kData = "data";

[[noreturn]] void refuse(std::string_view line, std::string_view right) {
  fail(ErrorCode::parse_error, fmt::format("'{}': {}", line, right));
}

void read_elements(std::string_view line, TensorData& data) {
  const std::size_t size = info(data.dtype).bytes;
  const char* at = line.data() + kData.size();
  const char* end = line.data() + line.size();
  for (std::size_t i = 0; i < data.bytes.size(); i += size) {
    while (at != end && *at == ' ') ++at;
    std::uint64_t bits = 0;
    const auto read = std::from_chars(at, end, bits, 16);
    if (read.ec != std::errc()) {
      refuse(line.substr(0, 40),
             fmt::format("an input of {}{} has {} elements, in hex", to_string(data.dtype),
                         to_string(data.shape), data.shape.elements()));
    }
    at = read.ptr;
    std::memcpy(data.bytes.data() + i, &bits, size);
  }
}

}  // namespace

std::string print(const Case& given) {
  std::string text = sinter::print(given.graph);
  if (given.rounding == Rounding::each_op) text += fmt::format("{}\n", kRounding);
  for (const TensorData& input : given.inputs) {
    const std::size_t size = info(input.dtype).bytes;
    text += kData;
    for (std::size_t i = 0; i < input.bytes.size(); i += size) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, input.bytes.data() + i, size);
      text += fmt::format(" {:0{}x}", bits, 2 * size);
    }
    text += '\n';
  }
  return text;
}

Case parse_case(std::string_view text) {
  std::string graph;
  std::vector<std::string_view> data;
  Rounding rounding = Rounding::at_store;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line == kRounding)
      rounding = Rounding::each_op;
    else if (line.starts_with(kData))
      data.push_back(line);
    else
      graph += std::string(line) + '\n';
  }
  Case result{parse(graph), {}, rounding};
  if (data.size() != result.graph.inputs().size()) {
    fail(ErrorCode::parse_error,
         fmt::format("the graph has {} inputs, but there are {} lines of data",
                     result.graph.inputs().size(), data.size()));
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    const NodeId node = result.graph.inputs()[i].node;
    result.inputs.push_back(
        TensorData::zeros(result.graph.node(node).dtype, result.graph.shape(node)));
    read_elements(data[i], result.inputs.back());
  }
  return result;
}

}  // namespace sinter::fuzz
