// Copy: it writes the right bytes for any number and lengths of streams.
#include <sinter/bench/copy.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/bench/data.h>
#include <sinter/ir/error.h>

namespace sinter::bench {
namespace {

constexpr std::byte kUntouched{0xee};
constexpr std::int64_t kMargin = 64;

/// Streams of given lengths, with a margin after each write stream.
class Field {
 public:
  Field(const std::vector<std::int64_t>& reads, const std::vector<std::int64_t>& writes) {
    for (std::int64_t bytes : reads) {
      AlignedBuffer& buffer = memory_.emplace_back(bytes);
      for (std::int64_t k = 0; k < bytes; ++k) {
        buffer.data()[k] = static_cast<std::byte>((k * 7 + 3 * std::ssize(memory_)) & 0x7f);
      }
      reads_.push_back({buffer.data(), bytes});
    }
    for (std::int64_t bytes : writes) {
      AlignedBuffer& buffer = memory_.emplace_back(bytes + kMargin);
      std::fill_n(buffer.data(), bytes + kMargin, kUntouched);
      writes_.push_back({buffer.data(), bytes});
    }
  }
  [[nodiscard]] const std::vector<ReadStream>& reads() const { return reads_; }
  [[nodiscard]] const std::vector<WriteStream>& writes() const { return writes_; }

  void expect_combined() const {
    for (const WriteStream& write : writes_) {
      for (std::int64_t k = 0; k < write.bytes; ++k) ASSERT_EQ(write.data[k], expected(k)) << k;
      for (std::int64_t k = 0; k < kMargin; ++k) {
        ASSERT_EQ(write.data[write.bytes + k], kUntouched)
            << "wrote byte " << k << " after the end";
      }
    }
  }

 private:
  [[nodiscard]] std::byte expected(std::int64_t k) const {
    std::byte value{};
    for (const ReadStream& read : reads_) {
      if (k < read.bytes) value |= read.data[k];
    }
    return value;
  }

  std::vector<AlignedBuffer> memory_;
  std::vector<ReadStream> reads_;
  std::vector<WriteStream> writes_;
};

class CopyOf : public testing::TestWithParam<Stores> {};

TEST_P(CopyOf, OneStreamCopiesEveryLength) {
  for (std::int64_t bytes = 0; bytes <= 600; ++bytes) {
    SCOPED_TRACE(bytes);
    const Field field({bytes}, {bytes});
    Copy(field.reads(), field.writes(), GetParam())();
    field.expect_combined();
  }
}

TEST_P(CopyOf, AnyNumberOfStreamsIsOred) {
  for (std::size_t reads = 0; reads <= 9; ++reads) {
    for (std::size_t writes = 0; writes <= 3; ++writes) {
      SCOPED_TRACE(testing::Message() << reads << " reads, " << writes << " writes");
      const Field field(std::vector<std::int64_t>(reads, 1100),
                        std::vector<std::int64_t>(writes, 1100));
      Copy(field.reads(), field.writes(), GetParam())();
      field.expect_combined();
    }
  }
}

TEST_P(CopyOf, ShortStreamsMoveTheirOwnBytesOnly) {
  const Field field({5000, 20, 256, 333}, {5000, 400});
  Copy(field.reads(), field.writes(), GetParam())();
  field.expect_combined();
}

TEST_P(CopyOf, ThreadsCopyTheSame) {
  for (std::int64_t bytes : {1, 4096, 100'003}) {
    SCOPED_TRACE(bytes);
    const Field field({bytes, bytes}, {bytes});
    Copy(field.reads(), field.writes(), GetParam(), make_thread_pool(2))();
    field.expect_combined();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, CopyOf, testing::Values(Stores::plain, Stores::streaming),
                         [](const auto& param) { return std::string(to_string(param.param)); });

TEST(Copy, RefusesToStreamToMemoryThatIsNotAligned) {
  const AlignedBuffer buffer(256);
  const std::vector<WriteStream> writes{{buffer.data() + 4, 128}};
  try {
    const Copy copy({}, writes, Stores::streaming);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_buffer);
    EXPECT_NE(std::string(error.what()).find("aligned to 64 bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace sinter::bench
