// Checks of the errors that calls throw: expect_error compares code and words of a sinter::Error;
// error_of and message_of return the whole text.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <sinter/ir/error.h>

namespace sinter::test {

/// Adds a test failure unless `call` throws Error(code) whose message contains `words`.
template <typename Call>
void expect_error(ErrorCode code, std::string_view words, Call call) {
  try {
    call();
    ADD_FAILURE() << "no error; expected " << to_string(code) << ": " << words;
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos)
        << "message: " << error.what() << "\nexpected: " << words;
  }
}

/// Returns "code: message" of the Error that `call` throws, or "no error".
[[nodiscard]] std::string error_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
  return "no error";
}

/// Returns the message of the Error that `call` throws, without its code.
[[nodiscard]] std::string message_of(auto&& call) {
  const std::string error = error_of(call);
  const std::size_t colon = error.find(": ");
  return colon == std::string::npos ? error : error.substr(colon + 2);
}

}  // namespace sinter::test
