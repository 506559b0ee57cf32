// Draws graphs op by op from the op table, so every new op is drawn without a change here.
#include <sinter/fuzz/random_graph.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <numeric>
#include <optional>

#include <sinter/ir/element.h>
#include <sinter/ir/gradients.h>

#include <sinter/fuzz/random.h>

namespace sinter::fuzz {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kUsualScalars[] = {0.01, 0.2, 0.5, 1, 2, 3.5, 6, -0.5, -1, -3};
constexpr double kSpecialScalars[] = {0.0, -0.0, kInf, -kInf, kNaN, 1e-40, -1e-45, 1e300, 3e38};

class Generator {
 public:
  Generator(std::uint64_t seed, const RandomGraphOptions& options)
      : random_(seed),
        options_(options),
        narrow_(options.narrow_in > 0 &&
                Random(seed + kNarrowStream).one_in(static_cast<std::size_t>(options.narrow_in))),
        space_(random_shape()) {}

  Graph run() && {
    const std::int64_t inputs = random_.between(1, 5);
    for (std::int64_t i = 0; i < inputs; ++i) add_input(i);
    if (random_.one_in(4)) add_iota();
    const std::int64_t ops = random_.between(options_.min_ops, options_.max_ops);
    while (ops_ < ops) add_op();
    add_outputs();
    if (options_.gradients && options_.structural && options_.reductions && random_.one_in(6)) {
      add_gradients();
    }
    return std::move(graph_);
  }

 private:
  /// Seed offset of the choice `narrow_`: a separate stream, so that graphs that are not narrow do
  /// not depend on narrow_in.
  static constexpr std::uint64_t kNarrowStream = 0x6e6172726f77;

  /// Above this limit on elements, one length in three is between 2^8 and 2^20.
  static constexpr std::int64_t kManyElements = 100'000;

  /// The shape that all others broadcast to.
  Shape random_shape() {
    constexpr std::int64_t kNarrow[] = {1, 1, 1, 1, 1, 2, 3};
    constexpr std::int64_t kLengths[] = {1,  1,  2,  3,  4,  5,  7,  8,  9,
                                         16, 17, 31, 32, 33, 64, 65, 130};
    const std::int64_t rank = random_.between(0, options_.max_rank);
    Shape shape;
    std::int64_t room = options_.max_elements;
    for (std::int64_t axis = 0; axis < rank; ++axis) {
      std::int64_t any = narrow_ ? random_.pick(kNarrow) : random_.pick(kLengths);
      if (options_.max_elements > kManyElements && random_.one_in(3)) {
        any = (std::int64_t{1} << random_.between(8, 20)) + random_.between(-1, 1);
      }
      const std::int64_t length = std::min(any, room);
      shape.push_back(random_.one_in(60) ? 0 : length);
      room /= std::max<std::int64_t>(length, 1);
    }
    return shape;
  }

  /// The space, or a shape that broadcasts to it: some leading axes removed, others of length 1.
  Shape random_subshape() {
    if (!narrow_ && random_.one_in(2)) return space_;
    Shape shape;
    const auto first = random_.between(0, space_.rank());
    for (int axis = static_cast<int>(first); axis < space_.rank(); ++axis) {
      shape.push_back(random_.one_in(3) ? 1 : space_[axis]);
    }
    return shape;
  }

  /// The axes in random order.
  std::vector<int> random_order(int rank) {
    std::vector<int> order(static_cast<std::size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
    return order;
  }

  Strides random_strides(const Shape& shape) {
    const std::vector<int> order = random_order(shape.rank());
    Strides strides = dense_strides(shape);
    std::int64_t stride = random_.one_in(4) ? 2 : 1;
    for (int axis : order) {
      if (random_.one_in(6)) {
        strides[axis] = 0;
        continue;
      }
      strides[axis] = random_.one_in(6) ? -stride : stride;
      stride *= std::max<std::int64_t>(shape[axis], 1);
      stride += random_.between(0, 1);
    }
    return strides;
  }

  /// Strides by which no two elements alias: axes in any order, of either sign, with gaps.
  Strides random_output_strides(const Shape& shape) {
    const std::vector<int> order = random_order(shape.rank());
    Strides strides = dense_strides(shape);
    std::int64_t stride = random_.one_in(4) ? 2 : 1;
    for (int axis : order) {
      strides[axis] = random_.one_in(4) ? -stride : stride;
      stride *= std::max<std::int64_t>(shape[axis], 1);
      stride += random_.one_in(4) ? 1 : 0;
    }
    return strides;
  }

  void output(const std::string& name, const Value& value) {
    const bool strided = options_.random_strides && random_.one_in(3);
    graph_.output(name, value, strided ? random_output_strides(value.shape()) : Strides());
  }

  void add_input(std::int64_t i) {
    const DType dtype = i == 0 ? random_float() : random_dtype();
    const Shape shape = random_subshape();
    const bool strided = options_.random_strides && random_.one_in(2);
    const std::string name = "x" + std::to_string(i);
    values_.push_back(
        graph_.input(name, dtype, shape, strided ? random_strides(shape) : Strides()));
  }

  void add_iota() {
    const Shape shape = random_subshape();
    if (shape.empty()) return;
    const auto axis =
        static_cast<std::int64_t>(random_.below(static_cast<std::size_t>(shape.rank())));
    values_.push_back(graph_.iota(random_number(), shape, axis));
  }

  [[nodiscard]] bool broadcasts_to_space(const Shape& shape) const {
    Shape joined;
    return broadcast_shapes(shape, space_, joined) && joined == space_;
  }

  /// A value of `dtype` that broadcasts to the space; prefers recent values.
  std::optional<Value> pick_value(std::optional<DType> dtype) {
    std::vector<Value> fitting;
    for (const Value& value : values_) {
      const bool fits = !dtype.has_value() || value.dtype() == *dtype;
      if (fits && broadcasts_to_space(value.shape())) fitting.push_back(value);
    }
    if (fitting.empty()) return std::nullopt;
    const std::size_t late = std::min<std::size_t>(fitting.size(), 4);
    return random_.one_in(2) ? fitting[fitting.size() - 1 - random_.below(late)]
                             : fitting[random_.below(fitting.size())];
  }

  DType random_float() {
    if (options_.floating.has_value()) return *options_.floating;
    if (narrow_) return DType::f32;  // so that most values can be combined
    return any_float();
  }
  DType any_float() {
    constexpr DType kDTypes[] = {DType::f32, DType::f32, DType::f32, DType::f32,
                                 DType::f64, DType::f64, DType::f16, DType::bf16};
    return random_.pick(kDTypes);
  }
  DType random_integer() {
    constexpr DType kDTypes[] = {DType::i8,  DType::u8,  DType::i16,
                                 DType::i32, DType::i32, DType::i64};
    return random_.pick(kDTypes);
  }
  DType random_number() {
    return !narrow_ && random_.one_in(3) ? random_integer() : random_float();
  }
  DType random_dtype() { return random_.one_in(5) ? DType::boolean : random_number(); }

  /// A dtype other than bool with the same number of bytes as `dtype`.
  DType random_of_width(DType dtype) {
    const auto any = [this] {
      if (random_.one_in(3)) return random_integer();
      return options_.floating.has_value() ? *options_.floating : any_float();
    };
    DType other = any();
    while (info(other).bytes != info(dtype).bytes) other = any();
    return other;
  }

  /// An integer that `dtype` can represent.
  double random_whole(DType dtype) {
    constexpr double kUsual[] = {0, 1, 2, 3, 7, 64, 100, -1, -2, -128};
    const double value = random_.pick(kUsual);
    return element_value(element_bits(value, dtype), dtype);
  }

  double random_fraction() {
    return random_.one_in(4) ? random_.pick(kSpecialScalars) : random_.pick(kUsualScalars);
  }

  Value random_scalar(DType dtype) {
    const double value = is_integer(dtype) ? random_whole(dtype) : random_fraction();
    return random_.one_in(4) ? graph_.constant(value, dtype) : graph_.parameter(value, dtype);
  }

  /// The dtype of each operand that the op's rule requires; nullopt for any dtype.
  std::vector<std::optional<DType>> operand_dtypes(const OpInfo& row) {
    const auto arity = static_cast<std::size_t>(row.arity);
    switch (row.rule) {
      case DTypeRule::leaf: break;
      case DTypeRule::floating:
      case DTypeRule::recast: return {arity, random_float()};
      case DTypeRule::integer:
      case DTypeRule::raw_bitcast: return {arity, random_integer()};  // bits of a float NaN vary
      case DTypeRule::numeric:
      case DTypeRule::comparison: return {arity, random_number()};
      case DTypeRule::logical: return {arity, DType::boolean};
      case DTypeRule::select: {
        const DType sides = random_dtype();
        return {DType::boolean, sides, sides};
      }
      case DTypeRule::convert:
      case DTypeRule::bitcast:
      case DTypeRule::alike:
      case DTypeRule::same: return {arity, std::nullopt};
      case DTypeRule::lookup: return {random_.one_in(2) ? DType::i32 : DType::i64};
    }
    return {};
  }

  std::optional<Value> pick_operand(const OpInfo& row, std::size_t i, std::optional<DType> dtype) {
    const bool number = dtype.has_value() && *dtype != DType::boolean;
    if (row.operands[i].attribute) return random_scalar(*dtype);
    if (number && row.arity > 1 && random_.one_in(5)) return random_scalar(*dtype);
    return pick_value(dtype);
  }

  Attributes random_attributes(std::span<const Value> operands) {
    Shape shape;
    const Value& other = random_.pick(values_);
    const bool fits = broadcasts_to_space(other.shape()) &&
                      broadcast_shapes(operands[0].shape(), other.shape(), shape);
    return {.dtype = random_dtype(), .shape = fits ? shape : operands[0].shape()};
  }

  // --- Structural ops ----------------------------------------------------------------------------

  Value random_transpose(const Value& x) {
    Dims axes;
    for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(axis);
    for (int i = axes.rank(); i > 1; --i) {
      std::swap(axes[i - 1], axes[static_cast<int>(random_.below(static_cast<std::size_t>(i)))]);
    }
    return x.transpose(axes);
  }

  /// Splits one axis, merges two, or merges all.
  Value random_reshape(const Value& x) {
    const Shape& from = x.shape();
    if (from.elements() == 0 || random_.one_in(4)) return x.reshape({x.shape().elements()});
    const std::int64_t divisor = random_.between(1, 4);
    const auto at = static_cast<int>(random_.below(static_cast<std::size_t>(from.rank()) + 1));
    const bool cut = random_.one_in(2) && from.rank() < kMaxRank;
    Shape to;
    for (int axis = 0; axis < from.rank(); ++axis) {
      if (axis == at && cut && from[axis] % divisor == 0) {
        to.push_back(divisor);
        to.push_back(from[axis] / divisor);
      } else if (axis == at && axis > 0 && !cut) {
        to[axis - 1] *= from[axis];
      } else {
        to.push_back(from[axis]);
      }
    }
    return x.reshape(to);
  }

  Value random_slice(const Value& x) {
    constexpr std::int64_t kSteps[] = {1, 1, 2, 3, -1, -2};
    Value result = x;
    for (int axis = 0; axis < x.shape().rank(); ++axis) {
      const std::int64_t length = x.shape()[axis];
      if (length == 0 || random_.one_in(2)) continue;
      const std::int64_t step = random_.pick(kSteps);
      const std::int64_t a = random_.between(0, length - 1);
      const std::int64_t b = random_.between(0, length - 1);
      result = step > 0 ? result.slice(axis, std::min(a, b), std::max(a, b) + 1, step)
                        : result.slice(axis, std::max(a, b), std::nullopt, step);
    }
    return result;
  }

  Value random_concat(const Value& x) {
    if (x.shape().empty()) return x;
    const auto axis =
        static_cast<std::int64_t>(random_.below(static_cast<std::size_t>(x.shape().rank())));
    std::vector<Value> parts{x};
    const std::int64_t more = random_.between(1, 3);
    for (std::int64_t i = 0; i < more; ++i) {
      const Value& other = random_.pick(values_);
      const bool fits = other.dtype() == x.dtype() && other.shape() == x.shape();
      parts.push_back(fits ? other : x.flip(axis));
    }
    return Value::concat(parts, axis);
  }

  Value random_pad(const Value& x) {
    Dims low;
    Dims high;
    for (int axis = 0; axis < x.shape().rank(); ++axis) {
      low.push_back(random_.one_in(2) ? random_.between(0, 2) : 0);
      high.push_back(random_.one_in(2) ? random_.between(0, 2) : 0);
    }
    return x.pad(low, high, is_integer(x.dtype()) ? random_whole(x.dtype()) : random_fraction());
  }

  /// Adds a structural op on any value. The shape of the result may become the space of later ops.
  void add_structural(Op op) {
    const Value x = random_.pick(values_);
    Value made;
    switch (op) {
      case Op::transpose: made = random_transpose(x); break;
      case Op::reshape: made = random_reshape(x); break;
      case Op::slice: made = random_slice(x); break;
      case Op::concat: made = random_concat(x); break;
      case Op::pad: made = random_pad(x); break;
      default: return;  // only the planner makes views
    }
    if (made.shape().elements() > options_.max_elements) return;
    values_.push_back(made);
    if (random_.one_in(2)) space_ = made.shape();
    ++ops_;
  }

  // --- Reductions --------------------------------------------------------------------------------

  const OpInfo& random_reduction() {
    const OpInfo* row = &random_.pick(all_ops());
    while (row->kind != OpKind::reduction) row = &random_.pick(all_ops());
    return *row;
  }

  /// Adds a reduction over some axes of a value, unless the dtype or shape of the value does not
  /// fit. The shape of the result may become the space of later ops.
  void add_reduction(const OpInfo& row) { add_reduction(row, random_.pick(values_)); }
  void add_reduction(const OpInfo& row, const Value x) {
    const bool fits = (row.rule == DTypeRule::logical) == (x.dtype() == DType::boolean);
    const bool has_extreme = row.op == Op::reduce_min || row.op == Op::reduce_max;
    if (!fits || x.shape().empty() || (has_extreme && x.shape().elements() == 0)) return;
    const auto rank = static_cast<std::int64_t>(x.shape().rank());
    const std::int64_t first = random_.between(0, rank - 1);
    const std::int64_t last = random_.one_in(2) ? rank - 1 : random_.between(first, rank - 1);
    ReductionAttributes reduction;
    for (std::int64_t axis = first; axis <= last; ++axis) reduction.axes.push_back(axis);
    reduction.keeps = !random_.one_in(3);
    if (reduction.keeps && random_.one_in(3)) {
      const bool rows = group_extents(x.shape(), reduction.axes).inner == 1;
      const std::int64_t rule = chunk_elements(x.dtype(), rows);
      const std::int64_t any = random_.between(1, 40);
      reduction.chunk = is_ordered(row.op, x.dtype()) ? rule : any;
    }
    const Value made = Value::apply(row.op, std::span(&x, 1), reduction.generic());
    values_.push_back(made);
    // With kept axes, earlier values still broadcast against the result.
    if (!reduction.keeps && !narrow_ && random_.one_in(2)) space_ = made.shape();
    ++ops_;
  }

  // --- Products ----------------------------------------------------------------------------------

  /// Adds a product of a matrix (or a batch) and a value that fits, or else its own transpose. The
  /// shape of the result may become the space of later ops.
  void add_product() {
    const Value& a = random_.pick(values_);
    const int rank = a.shape().rank();
    if (!is_floating(a.dtype()) || rank < 2 || rank == kMaxRank) return;
    const Value& other = random_.pick(values_);
    const Value b = can_multiply(a, other) ? other : swapped(a);
    const Value made = a.matmul(b);
    const std::int64_t work = made.shape().elements() * a.shape()[rank - 1];
    if (std::max(made.shape().elements(), work / 16) > options_.max_elements) return;
    values_.push_back(made);
    if (random_.one_in(2)) space_ = made.shape();
    ++ops_;
    // Reductions of a product may be fused into its kernel.
    while (options_.reductions && random_.one_in(2)) {
      const OpInfo& row = random_reduction();
      add_reduction(row, random_.one_in(2) ? made : made.relu());
    }
  }

  static bool can_multiply(const Value& a, const Value& b) {
    const int rank = b.shape().rank();
    if (a.dtype() != b.dtype() || rank < 2 || rank > a.shape().rank()) return false;
    const auto front = [](const Shape& shape) {
      return Shape(std::span(shape.begin(), shape.end() - 2));
    };
    Shape joined;
    return b.shape()[rank - 2] == a.shape()[a.shape().rank() - 1] &&
           broadcast_shapes(front(a.shape()), front(b.shape()), joined);
  }

  static Value swapped(const Value& x) {
    Dims axes;
    for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(axis);
    std::swap(axes[axes.rank() - 1], axes[axes.rank() - 2]);
    return x.transpose(axes);
  }

  /// Draws an op and records it, unless an operand is missing.
  void add_op() {
    if (options_.products && random_.one_in(8)) add_product();
    if (narrow_ && options_.structural && options_.reductions && random_.one_in(4)) {
      add_reduction(random_reduction(), random_.pick(values_));
    }
    const OpInfo& row = random_.pick(all_ops());
    if (row.kind == OpKind::leaf) return;
    if (row.kind == OpKind::structural) {
      if (options_.structural) add_structural(row.op);
      return;
    }
    if (row.kind == OpKind::reduction) {
      if (options_.structural && options_.reductions) add_reduction(row);
      return;
    }
    if (row.kind == OpKind::product) {
      if (options_.structural && row.op == Op::mm) add_product();  // only the planner makes a dot
      return;
    }
    if (narrow_ && row.arity == 1 && random_.one_in(2)) return;  // prefers ops that combine values
    std::vector<Value> operands;
    const auto dtypes = operand_dtypes(row);
    for (std::size_t i = 0; i < dtypes.size(); ++i) {
      const std::optional<Value> operand = pick_operand(row, i, dtypes[i]);
      if (!operand.has_value()) return;
      operands.push_back(*operand);
    }
    Attributes attributes = random_attributes(operands);
    const bool keeps_bits = row.rule == DTypeRule::bitcast || row.rule == DTypeRule::raw_bitcast;
    if (keeps_bits) attributes.dtype = random_of_width(operands[0].dtype());
    if (row.rule == DTypeRule::recast) attributes.dtype = random_float();
    if (row.rule == DTypeRule::lookup) {
      for (double& number : attributes.table.emplace()) number = random_fraction();
    }
    // Sometimes recorded twice: equal ops that a pass may merge.
    const int times = options_.repeats && random_.one_in(16) ? 2 : 1;
    for (int i = 0; i < times; ++i) values_.push_back(Value::apply(row.op, operands, attributes));
    ++ops_;
  }

  void add_outputs() {
    output("y0", values_.back());
    const auto values = static_cast<std::int64_t>(values_.size());
    const std::int64_t more = narrow_ ? values / 2 : random_.one_in(2) ? random_.between(1, 3) : 0;
    for (std::int64_t i = 1; i <= more; ++i) {
      const Value& value = random_.one_in(20) ? values_.back() : random_.pick(values_);
      output("y" + std::to_string(i), value);
    }
  }

  /// Adds as outputs the gradients of a value's sum with respect to every input and two other
  /// values, as far as they exist; and sometimes second derivatives.
  void add_gradients() {
    const Value& value = random_.pick(values_);
    if (!is_floating(value.dtype())) return;
    const std::vector<GraphInput> inputs(graph_.inputs().begin(), graph_.inputs().end());
    for (const GraphInput& input : inputs) {
      add_gradient("d" + input.name, value, graph_.value(input.node));
    }
    for (const char* name : {"d", "e"}) add_gradient(name, value, random_.pick(values_));
  }

  void add_gradient(const std::string& name, const Value& value, const Value& by) {
    const std::optional<Value> first = gradient(value, by);
    if (!first.has_value()) return;
    output(name, *first);
    if (!random_.one_in(4)) return;
    const std::optional<Value> second = gradient(*first, by);
    if (second.has_value()) output("d" + name, *second);
  }

  /// The gradient of the sum of `of`; nullopt if `of` does not depend on `by` differentiably.
  static std::optional<Value> gradient(const Value& of, const Value& by) {
    try {
      return gradients(of.sum(), {by})[0];
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  Random random_;
  const RandomGraphOptions& options_;
  bool narrow_;
  Shape space_;
  Graph graph_;
  std::vector<Value> values_;
  std::int64_t ops_ = 0;
};

template <std::floating_point T>
T random_element(Random& random) {
  using Limits = std::numeric_limits<T>;
  const T special[] = {T(0),
                       -T(0),
                       Limits::denorm_min(),
                       -Limits::denorm_min(),
                       Limits::min() / 2,
                       Limits::min(),
                       Limits::max(),
                       -Limits::max(),
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::quiet_NaN()};
  if (random.one_in(8)) return random.pick(special);
  const double magnitude = 0.1 + 2.9 * random.unit();
  return static_cast<T>(random.one_in(2) ? magnitude : -magnitude);
}

template <std::same_as<bool> T>
T random_element(Random& random) {
  return random.one_in(2);
}

template <std::integral T>
  requires(!std::same_as<T, bool>)
T random_element(Random& random) {
  using Limits = std::numeric_limits<T>;
  constexpr T kSpecial[] = {T{0},          T{1},          static_cast<T>(-1),
                            Limits::min(), Limits::max(), static_cast<T>(Limits::max() - 1)};
  if (random.one_in(6)) return random.pick(kSpecial);
  const std::int64_t limit = random.one_in(2) ? 8 : std::numeric_limits<std::int64_t>::max();
  return static_cast<T>(random.between(-limit, limit));
}

/// One in four has any bits, which includes all kinds of NaN; the others are usual numbers.
template <typename T>
  requires(std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>)
T random_element(Random& random) {
  if (!random.one_in(4)) return T(static_cast<double>(random_element<float>(random)));
  T any;
  any.bits = static_cast<std::uint16_t>(random.between(0, 0xffff));
  return any;
}

template <typename T>
void fill(TensorData& data, Random& random) {
  for (T& element : data.as<T>()) element = random_element<T>(random);
}

void fill(TensorData& data, Random& random) {
  switch (data.dtype) {
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  case DType::name: return fill<type>(data, random);
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
  }
}

}  // namespace

Graph random_graph(std::uint64_t seed, const RandomGraphOptions& options) {
  return Generator(seed, options).run();
}

std::vector<TensorData> random_inputs(const Graph& graph, std::uint64_t seed) {
  Random random(~seed);
  std::vector<TensorData> inputs;
  for (const GraphInput& input : graph.inputs()) {
    inputs.push_back(TensorData::zeros(graph.node(input.node).dtype, graph.shape(input.node)));
    fill(inputs.back(), random);
  }
  return inputs;
}

}  // namespace sinter::fuzz
