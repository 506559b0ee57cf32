// Records one Tensor per node: inputs are copied in, numbers become scalars or constants, and other
// ops go through Tensor::apply.
#include <sinter/fuzz/tensors.h>

#include <bit>

#include <sinter/fuzz/random.h>

namespace sinter::fuzz {
namespace {

Tensor copied_in(const Engine& engine, const TensorData& data) {
  switch (data.dtype) {
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  case DType::name: return engine.tensor(data.as<type>(), data.shape);
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
  }
  return {};
}

class Recording {
 public:
  Recording(const Engine& engine, const Graph& graph, std::span<const TensorData> inputs)
      : engine_(engine), graph_(graph), inputs_(inputs) {}

  [[nodiscard]] Tensor made(NodeId id, std::span<const Tensor> tensors) const {
    const Node& node = graph_.node(id);
    switch (node.op) {
      case Op::input: return copied_in(engine_, inputs_[node.payload]);
      case Op::parameter: return zero_of(node.dtype).scalar(graph_.parameters()[node.payload]);
      case Op::constant: return constant(node.dtype, std::bit_cast<double>(node.payload));
      case Op::iota: return counted(id);
      default: break;
    }
    std::vector<Tensor> operands;
    for (NodeId operand : node.inputs()) operands.push_back(tensors[operand.index]);
    return Tensor::apply(node.op, operands, graph_.attributes(id));
  }

 private:
  /// A tensor of `dtype`, from which scalars and constants of this dtype are made.
  [[nodiscard]] Tensor zero_of(DType dtype) const { return engine_.zeros({}, dtype); }

  /// A constant. Numbers of a bool tensor are f32 (see Tensor::constant), so a bool constant is a
  /// tensor made by Engine::full.
  [[nodiscard]] Tensor constant(DType dtype, double value) const {
    return dtype == DType::boolean ? engine_.full({}, value, dtype)
                                   : zero_of(dtype).constant(value);
  }

  [[nodiscard]] Tensor counted(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor any = zero_of(DType::f32);
    const auto iota = [&](std::span<const Value> values) -> std::vector<Value> {
      return {
          values[0].iota(node.dtype, graph_.shape(id), static_cast<std::int64_t>(node.payload))};
    };
    return Tensor::record(std::span(&any, 1), iota)[0];
  }

  const Engine& engine_;
  const Graph& graph_;
  std::span<const TensorData> inputs_;
};

/// By node: the last node that uses it; the node itself if none does; the number of nodes if it is
/// an output.
std::vector<std::size_t> last_uses(const Graph& graph) {
  const std::span<const Node> nodes = graph.nodes();
  std::vector<std::size_t> last(nodes.size());
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    last[id] = id;
    for (NodeId operand : nodes[id].inputs()) last[operand.index] = id;
  }
  for (const GraphOutput& output : graph.outputs()) last[output.node.index] = nodes.size();
  return last;
}

class Cutter {
 public:
  Cutter(const Engine& engine, const Graph& graph, const Cuts& cuts)
      : engine_(engine), cuts_(cuts), random_(cuts.seed), last_use_(last_uses(graph)) {}

  void after_op(std::vector<Tensor>& tensors) {
    if (cuts_.one_in == 0) return;
    if (cuts_.aside) {
      if (random_.one_in(cuts_.one_in)) engine_.evaluate({engine_.tensor({1.0F}) + 1});
      return;
    }
    if (cuts_.one_in == 1) return engine_.evaluate({tensors.back()});
    drop_unused(tensors);
    if (!random_.one_in(cuts_.one_in)) return;
    const Tensor& any = tensors[random_.below(tensors.size())];
    if (dropped_[static_cast<std::size_t>(&any - tensors.data())]) return;
    if (random_.one_in(2)) return engine_.evaluate({any});
    static_cast<void>(read_tensor(any));
  }

 private:
  void drop_unused(std::vector<Tensor>& tensors) {
    dropped_.resize(tensors.size());
    const std::size_t at = random_.below(tensors.size());
    if (last_use_[at] >= tensors.size()) return;
    tensors[at] = Tensor();
    dropped_[at] = true;
  }

  const Engine& engine_;
  Cuts cuts_;
  Random random_;
  std::vector<std::size_t> last_use_;
  std::vector<bool> dropped_;
};

}  // namespace

std::vector<Tensor> record_tensors(const Engine& engine, const Graph& graph,
                                   std::span<const TensorData> inputs, const Cuts& cuts) {
  const Recording recording(engine, graph, inputs);
  Cutter cutter(engine, graph, cuts);
  std::vector<Tensor> tensors;
  for (std::uint32_t id = 0; id < graph.nodes().size(); ++id) {
    tensors.push_back(recording.made({id}, tensors));
    cutter.after_op(tensors);
  }
  return tensors;
}

TensorData read_tensor(const Tensor& tensor) {
  TensorData data = TensorData::zeros(tensor.dtype(), tensor.shape());
  switch (data.dtype) {
#define SINTER_DTYPE(name, text, kind, bytes, type) \
  case DType::name: tensor.copy_to(data.as<type>()); break;
#include <sinter/ir/dtypes.def>
#undef SINTER_DTYPE
  }
  return data;
}

std::vector<TensorData> run_tensors(const Engine& engine, const Graph& graph,
                                    std::span<const TensorData> inputs, const Cuts& cuts) {
  const std::vector<Tensor> tensors = record_tensors(engine, graph, inputs, cuts);
  std::vector<TensorData> results;
  for (const GraphOutput& output : graph.outputs()) {
    results.push_back(read_tensor(tensors[output.node.index]));
  }
  return results;
}

}  // namespace sinter::fuzz
