// oneDNN's primitives, executed with arguments made beforehand. Used if CMake finds oneDNN 2;
// oneDNN 3 has another interface.
#include "onednn.h"

#if SINTER_BENCH_ONEDNN

#include <dlfcn.h>

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <dnnl.hpp>

namespace sinter::bench {
namespace {

/// Limits oneDNN to one thread. It has no setting for that: its threads are those of the OpenMP
/// runtime that it was built with.
void use_one_thread() {
  using SetThreads = void (*)(int);
  if (void* set = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) {
    reinterpret_cast<SetThreads>(set)(1);
  }
}

/// A oneDNN engine and stream, with the tensors and the primitive of one workload.
class Context {
 public:
  explicit Context(std::int64_t n) : Context({n}, dnnl::memory::format_tag::a) {}
  Context(std::int64_t rows, std::int64_t n) : Context({rows, n}, dnnl::memory::format_tag::ab) {}
  [[nodiscard]] const dnnl::engine& engine() const { return engine_; }
  [[nodiscard]] const dnnl::memory::desc& layout() const { return layout_; }

  void add(int argument, const float* data) {
    memory_.emplace_back(layout_, engine_, const_cast<float*>(data));
    map_.emplace(argument, memory_.back());
    array_.push_back({argument, memory_.back().get()});
  }
  void use(dnnl::primitive primitive) { primitive_ = std::move(primitive); }
  void execute(OneDnnCall call) const {
    if (call == OneDnnCall::cpp) {
      primitive_.execute(stream_, map_);
    } else {
      dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(array_.size()),
                             array_.data());
    }
  }

 private:
  Context(const dnnl::memory::dims& lengths, dnnl::memory::format_tag order)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        layout_(lengths, dnnl::memory::data_type::f32, order) {
    use_one_thread();
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::memory::desc layout_;
  std::vector<dnnl::memory> memory_;
  std::unordered_map<int, dnnl::memory> map_;
  std::vector<dnnl_exec_arg_t> array_;
  dnnl::primitive primitive_;
};

Contestant as_contestant(std::shared_ptr<Context> context, OneDnnCall call) {
  if (call == OneDnnCall::cpp) {
    return contestant("oneDNN",
                      [context = std::move(context)] { context->execute(OneDnnCall::cpp); });
  }
  return contestant("oneDNN, C",
                    [context = std::move(context)] { context->execute(OneDnnCall::c); });
}

/// oneDNN's algorithm for `op`; nothing if it has none that computes the same.
std::optional<dnnl::algorithm> algorithm_of(Op op) {
  switch (op) {
    case Op::exp: return dnnl::algorithm::eltwise_exp;
    case Op::log: return dnnl::algorithm::eltwise_log;
    case Op::tanh: return dnnl::algorithm::eltwise_tanh;
    case Op::sigmoid: return dnnl::algorithm::eltwise_logistic;
    case Op::silu: return dnnl::algorithm::eltwise_swish;
    case Op::gelu: return dnnl::algorithm::eltwise_gelu_erf;
    default: return std::nullopt;
  }
}

std::optional<Contestant> eltwise(dnnl::algorithm algorithm, float alpha, OneDnnCall call,
                                  std::int64_t n, const float* const* inputs, float* output) {
  auto context = std::make_shared<Context>(n);
  const dnnl::eltwise_forward::desc description(dnnl::prop_kind::forward_inference, algorithm,
                                                context->layout(), alpha);
  context->use(dnnl::eltwise_forward({description, context->engine()}));
  context->add(DNNL_ARG_SRC, inputs[0]);
  context->add(DNNL_ARG_DST, output);
  return as_contestant(std::move(context), call);
}

dnnl::primitive_attr chain_attributes(const dnnl::memory::desc& layout) {
  dnnl::post_ops post_ops;
  post_ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.01F, 0.0F);
  post_ops.append_binary(dnnl::algorithm::binary_mul, layout);
  post_ops.append_binary(dnnl::algorithm::binary_add, layout);
  dnnl::primitive_attr attributes;
  attributes.set_scales(DNNL_ARG_SRC_0, 0, {1.5F});
  attributes.set_post_ops(post_ops);
  return attributes;
}

}  // namespace

std::string onednn_version() {
  const dnnl_version_t& version = *dnnl_version();
  return fmt::format("oneDNN {}.{}.{}", version.major, version.minor, version.patch);
}

std::optional<Contestant> onednn_leaky_relu(OneDnnCall call, std::int64_t n,
                                            const float* const* inputs, float* output) {
  return eltwise(dnnl::algorithm::eltwise_relu, 0.01F, call, n, inputs, output);
}

std::optional<Contestant> onednn_function(Op op, OneDnnCall call, std::int64_t n,
                                          const float* const* inputs, float* output) {
  const std::optional<dnnl::algorithm> algorithm = algorithm_of(op);
  if (!algorithm.has_value()) return std::nullopt;
  return eltwise(*algorithm, /*alpha=*/1, call, n, inputs, output);
}

std::optional<Contestant> onednn_chain(OneDnnCall call, std::int64_t n, const float* const* inputs,
                                       float* output) {
  auto context = std::make_shared<Context>(n);
  const dnnl::memory::desc& layout = context->layout();
  const dnnl::binary::desc description(dnnl::algorithm::binary_add, layout, layout, layout);
  context->use(dnnl::binary({description, chain_attributes(layout), context->engine()}));
  context->add(DNNL_ARG_SRC_0, inputs[0]);
  context->add(DNNL_ARG_SRC_1, inputs[1]);
  context->add(DNNL_ARG_ATTR_MULTIPLE_POST_OP(1) | DNNL_ARG_SRC_1, inputs[2]);
  context->add(DNNL_ARG_ATTR_MULTIPLE_POST_OP(2) | DNNL_ARG_SRC_1, inputs[3]);
  context->add(DNNL_ARG_DST, output);
  return as_contestant(std::move(context), call);
}

std::optional<Contestant> onednn_softmax(OneDnnCall call, std::int64_t rows, std::int64_t n,
                                         const float* input, float* output) {
  auto context = std::make_shared<Context>(rows, n);
  const dnnl::softmax_forward::desc description(dnnl::prop_kind::forward_inference,
                                                context->layout(), /*softmax_axis=*/1);
  context->use(dnnl::softmax_forward({description, context->engine()}));
  context->add(DNNL_ARG_SRC, input);
  context->add(DNNL_ARG_DST, output);
  return as_contestant(std::move(context), call);
}

}  // namespace sinter::bench

#else

namespace sinter::bench {

std::string onednn_version() { return "no oneDNN 2 in this build (Debian: libdnnl-dev)"; }
std::optional<Contestant> onednn_leaky_relu(OneDnnCall, std::int64_t, const float* const*, float*) {
  return std::nullopt;
}
std::optional<Contestant> onednn_function(Op, OneDnnCall, std::int64_t, const float* const*,
                                          float*) {
  return std::nullopt;
}
std::optional<Contestant> onednn_chain(OneDnnCall, std::int64_t, const float* const*, float*) {
  return std::nullopt;
}
std::optional<Contestant> onednn_softmax(OneDnnCall, std::int64_t, std::int64_t, const float*,
                                         float*) {
  return std::nullopt;
}

}  // namespace sinter::bench

#endif
