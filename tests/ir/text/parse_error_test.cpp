// Messages for texts that do not parse. Whatever the text, parsing does nothing worse than throw an
// Error.
#include <gtest/gtest.h>

#include <algorithm>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>

#include "support/expect_error.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// Returns a text with an input %0, a mask %1 and `line` as line 4.
std::string with_line(std::string_view line) {
  return "sinter graph 1\n%0 = input \"x\": f32[2, 3]\n%1 = greater(%0, 0): bool[2, 3]\n" +
         std::string(line) + "\n";
}

void expect_parse_error(std::string_view line, std::string_view words) {
  SCOPED_TRACE(line);
  expect_error(ErrorCode::parse_error, words, [&] { static_cast<void>(parse(with_line(line))); });
}

TEST(ParseError, ShowsLineColumnTheLineAndACaret) {
  try {
    static_cast<void>(parse(with_line("%2 = leaky_rely(%0, negative_slope=0.2): f32[2, 3]")));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::parse_error);
    EXPECT_STREQ(error.what(),
                 "line 4, column 6: there is no op 'leaky_rely'\n"
                 "  %2 = leaky_rely(%0, negative_slope=0.2): f32[2, 3]\n"
                 "       ^");
  }
}

TEST(ParseError, RefusesABoolAsSlope) {
  for (const char* slope : {"true", "false"}) {
    expect_parse_error(std::string("%2 = leaky_relu(%0, negative_slope=") + slope + "): f32[2, 3]",
                       "line 4, column 36: negative_slope must be a number or a node, not a bool");
  }
  expect_parse_error("%2 = leaky_relu(%0, negative_slope=%1): f32[2, 3]",
                     "negative_slope must be a number; a bool is not one");
}

TEST(ParseError, NamesWhatIsMissing) {
  expect_error(ErrorCode::parse_error, "line 1, column 1: expected 'sinter'",
               [] { static_cast<void>(parse("")); });
  expect_error(ErrorCode::parse_error, "only version 1 of the text form is known",
               [] { static_cast<void>(parse("sinter graph 2\n")); });
  expect_parse_error("%2 = relu %0", "line 4, column 11: expected '('");
  expect_parse_error("%2 = add(%0): f32[2, 3]", "add takes 2 operands, not 1");
  expect_parse_error("%2 = relu(%0, %0): f32[2, 3]", "relu takes 1 operands");
  expect_parse_error("%2 = relu(%0)", "expected ':'");
  expect_parse_error("%2 = relu(%0): f32", "expected '['");
  expect_parse_error("output %0", "expected the name of the output in quotes");
  expect_parse_error("output \"y = %0", "the name has no closing quote");
  expect_parse_error("output \"y\" = %0 %1", "expected the end of the line");
}

TEST(ParseError, NamesWhatIsUnknownOrTaken) {
  expect_parse_error("%2 = relu(%7): f32[2, 3]", "line 4, column 11: %7 is not defined above");
  expect_parse_error("%1 = relu(%0): f32[2, 3]", "line 4, column 1: %1 is already defined");
  expect_parse_error("%2 = input \"z\": f17[2]", "there is no dtype 'f17'");
  expect_parse_error("%2 = input \"x\": f32[2]", "there is an input 'x' already");
  expect_parse_error("%2 = leaky_relu(%0, slope=0.2): f32[2, 3]",
                     "there is no operand 'slope' here; this operand is 'negative_slope'");
  expect_parse_error(R"(output "a\q" = %0)", "a name escapes only");
}

TEST(ParseError, CountsTheNumbersOfATable) {
  const std::string lookup = "%2 = convert(%0): i32[2, 3]\n%3 = lut16(%2";
  const auto line = [&](std::string_view rest) { return lookup + std::string(rest); };
  expect_parse_error(line("): f32[2, 3]"), "lut16 needs a table");
  expect_parse_error(line(", table=[1, 2]): f32[2, 3]"), "line 5, column 27: expected ','");
  expect_parse_error(line(", table=[1, x]): f32[2, 3]"), "expected one of 16 numbers");
  expect_parse_error(line(", table=[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]): f32[2, 3]"),
                     "expected ']'");
}

TEST(ParseError, ReportsWhatTheBuilderRefusesWhereItStands) {
  expect_parse_error("%2 = add(%0, %1): f32[2, 3]", "line 4, column 6: add(a: f32[2, 3], b: bool");
  expect_parse_error("%2 = input \"z\": f32[-1]", "a length cannot be negative");
  expect_parse_error("%2 = input \"z\": f32[1, 1, 1, 1, 1, 1, 1, 1, 1]",
                     "more than 8 axes: sinter serves rank 0 to 8");
  expect_parse_error("%2 = input \"z\": f32[999999999999999]", "more than 2^48 elements");
  expect_parse_error("%2 = broadcast(%0): f32[5, 3]", "every length must be equal or 1");
}

TEST(ParseError, RefusesAWrongType) {
  expect_parse_error("%2 = relu(%0): f32[3]",
                     "line 4, column 16: written as f32[3], but it is f32[2, 3]");
  expect_parse_error("%2 = less(%0, 1): f32[2, 3]", "but it is bool[2, 3]");
}

TEST(ParseError, RefusesNumbersThatAreNone) {
  expect_parse_error("%2 = add(%0, 1e999): f32[2, 3]", "out of range");
  expect_parse_error("%2 = add(%0, x): f32[2, 3]", "expected a number or a node such as %0");
  expect_parse_error("%2 = add(%0, $0): f32[2, 3]", "expected a number or a node such as %0");
  expect_parse_error("%2 = add(1, 2): f32[]", "no other operand gives this number a dtype");
  expect_parse_error("%2 = input \"z\": f32[1.5]", "expected ','");
  expect_parse_error("%2 = input \"z\": f32[99999999999999999999]", "out of range");
}

TEST(ParseError, RefusesIntegersThatNoF64Holds) {
  constexpr std::string_view kWords = "this integer is not exact in f64; the nearest f64 is ";
  for (std::string_view digits : {"9007199254740993", "18446744073709551615", "0009007199254740995",
                                  "36893488147419103233"}) {
    for (std::string_view sign : {"", "-"}) {
      const std::string number = std::string(sign) + std::string(digits);
      expect_parse_error("%2 = add(%0, " + number + "): f32[2, 3]", kWords);
      expect_parse_error("%2 = constant " + number + ": i64[]", kWords);
    }
  }
  expect_parse_error("%2 = parameter 9007199254740993: f64[]",
                     "the nearest f64 is 9007199254740992; write a decimal point to allow "
                     "rounding");
}

TEST(ParseError, ShowsAPartOfALongLine) {
  const std::string line = "output \"" + std::string(100'000, 'a') + "\" = %9";
  try {
    static_cast<void>(parse(with_line(line)));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_LT(std::string_view(error.what()).size(), 400U);
  }
}

// --- Mutated texts -------------------------------------------------------------------------------

/// Returns a text with one or three small faults: truncated, a piece repeated or removed, a byte
/// inserted or changed, or a number made negative.
std::string mutate(std::string text, Random& random) {
  constexpr std::string_view kBytes = "%()[]=:,\"\\#\n -+.0123456789aefinx$\t\r\x7f\xff";
  for (std::size_t faults = random.one_in(4) ? 3 : 1; faults > 0; --faults) {
    const std::size_t at = random.below(text.size());
    const std::size_t length = std::min(random.below(4), text.size() - at);
    switch (random.below(12)) {
      case 0: text.resize(at); break;
      case 1:
      case 2: text.insert(random.below(text.size()), text.substr(at, length)); break;
      case 3:
      case 4: text.erase(at, length); break;
      case 5:
      case 6: text.insert(at, 1, random.pick(kBytes)); break;
      case 7:
      case 8:
        text.insert(std::min(text.find_first_of("0123456789", at), text.size()), 1, '-');
        break;
      default: text[at] = random.pick(kBytes); break;
    }
    if (text.empty()) break;
  }
  return text;
}

/// Checks that a parsed graph is valid: verifies it and, unless it is large, plans and interprets
/// it.
void compute(const Graph& graph) {
  if (graph.outputs().empty()) return;
  verify(graph);
  const bool is_large = std::ranges::any_of(
      graph.nodes(), [&](const Node& node) { return graph.shape(node.shape).elements() > 10'000; });
  if (is_large) return;
  static_cast<void>(plan_graph(widen(graph, Rounding::at_store), {}, Fuse::all));
  static_cast<void>(interpret(graph, random_inputs(graph, 1)));
}

TEST(ParseFuzz, ATextParsesOrIsRefusedAndPrintsWhatItParses) {
  Random random(20'000);
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    RandomGraphOptions options;
    options.max_ops = 6;
    options.random_strides = i % 2 == 0;
    const std::string text =
        mutate(print(random_graph(static_cast<std::uint64_t>(i % 200), options)), random);
    try {
      const Graph graph = parse(text);
      ++parsed;
      const std::string printed = print(graph);
      ASSERT_EQ(print(parse(printed)), printed) << "from\n" << text;
      compute(graph);
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::parse_error) << error.what() << "\nfrom\n" << text;
      ASSERT_TRUE(std::string_view(error.what()).starts_with("line ")) << error.what();
    }
  }
  // The test is meaningful only if many texts parse and many do not.
  EXPECT_GT(parsed, 1000);
  EXPECT_LT(parsed, 15'000);
}

}  // namespace
}  // namespace sinter::test
