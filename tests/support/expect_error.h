// expect_error: a call must throw sinter::Error with this code and these words.
#pragma once

#include <gtest/gtest.h>

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

}  // namespace sinter::test
