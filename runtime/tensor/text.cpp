// Tensors as text, in NumPy's style.
#include <charconv>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/element.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/tensor.h>

namespace sinter {
namespace {

constexpr std::int64_t kShownElements = 1000;  ///< most elements that are printed in full
constexpr std::int64_t kShownEdge = 3;         ///< elements shown at each end of an elided axis

/// The decimal text of `value` with the fewest digits that reads back to `bits`. A 16-bit float
/// needs at most 5 digits.
std::string shortest_text(double value, std::uint64_t bits, DType dtype) {
  for (int digits = 1; digits < 5; ++digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    double read = 0;  // std::stod would use the decimal separator of the locale
    std::from_chars(text.data(), text.data() + text.size(), read);
    if (element_bits(read, dtype) == bits) return text;
  }
  return fmt::format("{:.5g}", value);
}

std::string element_text(std::uint64_t bits, DType dtype) {
  const double value = element_value(bits, dtype);
  switch (info(dtype).kind) {
    case DTypeKind::boolean: return value != 0 ? "true" : "false";
    case DTypeKind::signed_integer:
    case DTypeKind::unsigned_integer:
      if (dtype == DType::i64) return fmt::format("{}", static_cast<std::int64_t>(bits));
      return fmt::format("{}", static_cast<std::int64_t>(value));
    case DTypeKind::floating: break;
  }
  if (value != value) return "nan";
  if (is_storage_float(dtype)) return shortest_text(value, bits, dtype);
  return dtype == DType::f32 ? fmt::format("{}", static_cast<float>(value))
                             : fmt::format("{}", value);
}

class Printer {
 public:
  Printer(DType dtype, const Shape& shape, std::span<const std::byte> bytes)
      : dtype_(dtype),
        shape_(shape),
        strides_(dense_strides(shape)),
        bytes_(bytes),
        elide_(shape.elements() > kShownElements) {}

  [[nodiscard]] std::string text() {
    axis(0, 0);
    const bool hidden = elide_ || shape_.elements() == 0;
    if (hidden) {
      text_ += fmt::format(" {}{}", to_string(dtype_), to_string(shape_));
    } else if (dtype_ != DType::f32 && dtype_ != DType::boolean) {
      text_ += fmt::format(" {}", to_string(dtype_));
    }
    return std::move(text_);
  }

 private:
  /// Appends one axis. Recurses once per axis, so at most kMaxRank deep.
  void axis(int axis, std::int64_t offset) {
    if (axis == shape_.rank()) {
      text_ += element_at(offset);
      return;
    }
    text_ += '[';
    const std::int64_t length = shape_[axis];
    const bool elided = elide_ && length > 2 * kShownEdge;
    for (std::int64_t i = 0; i < length; ++i) {
      if (i > 0) separate(axis);
      if (elided && i == kShownEdge) {
        text_ += "...";
        i = length - kShownEdge - 1;
      } else {
        this->axis(axis + 1, offset + i * strides_[axis]);
      }
    }
    text_ += ']';
  }

  /// Appends what separates two parts of `axis`: a comma between elements, a line break between
  /// rows, one empty line more for each further axis.
  void separate(int axis) {
    const int inner = shape_.rank() - 1 - axis;
    text_ += inner == 0 ? ", " : ",";
    text_.append(static_cast<std::size_t>(inner), '\n');
    if (inner > 0) text_.append(static_cast<std::size_t>(axis) + 1, ' ');
  }

  [[nodiscard]] std::string element_at(std::int64_t offset) const {
    const std::size_t width = info(dtype_).bytes;
    std::uint64_t bits = 0;
    const auto element = bytes_.subspan(static_cast<std::size_t>(offset) * width, width);
    std::ranges::copy(element, std::as_writable_bytes(std::span(&bits, 1)).begin());
    return element_text(bits, dtype_);
  }

  const DType dtype_;
  const Shape shape_;
  const Strides strides_;
  const std::span<const std::byte> bytes_;
  const bool elide_;
  std::string text_;
};

}  // namespace

std::string to_string(const Tensor& tensor) try {
  const DType dtype = tensor.dtype();
  const Shape& shape = tensor.shape();
  tensor.check_memory("printing");
  std::vector<std::byte> bytes(static_cast<std::size_t>(shape.elements()) * info(dtype).bytes);
  tensor.read(bytes, dtype);
  const detail::FloatEnvironment environment;
  return Printer(dtype, shape, bytes).text();
} catch (...) {
  detail::rethrow_as_error();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) try {
  return out << to_string(tensor);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
