// The graphs, the targets, and the hash.
#include <sinter/fuzz/nest_hashes.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/error.h>
#include <sinter/ir/hash.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include "loops/index_table.h"

#include <sinter/fuzz/random_graph.h>
#include <sinter/fuzz/run.h>

namespace sinter::fuzz {
namespace {

Graph graph_of(std::uint64_t seed) {
  RandomGraphOptions options;
  options.max_ops = seed % 8 == 0 ? 40 : 12;
  options.max_elements = seed % 2 == 0 ? std::int64_t{1} << 28 : 2048;
  options.random_strides = seed % 3 == 0;
  options.products = seed % 4 == 0;
  options.repeats = true;
  return widen(random_graph(seed, options), Rounding::at_store);
}

struct NamedScheduler {
  std::string name;
  Scheduler scheduler;
};

std::vector<NamedScheduler> schedulers() {
  std::vector<NamedScheduler> all;
  const auto add = [&](const std::string& name, Scheduler scheduler) {
    all.push_back({name, scheduler});
    // Reductions of any size are cut into chunks.
    scheduler.limits.chunked_bytes = 1;
    all.push_back({name + ", chunks", std::move(scheduler)});
  };
  for (const char* name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
    const Target target = Target::parse(name);
    add(name,
        {target.plan_limits(), target.model, [target](const Graph& body, const LoopSpace& space) {
           return schedule_cpu(body, space, target,
                               {.streaming = should_stream(body, target),
                                .streaming_in_place = should_stream_in_place(body, target)});
         }});
  }
  add("gpu", scheduler_for(GpuTarget{}));
  add("small gpu", scheduler_for(GpuTarget{
                       .model = {.multiprocessors = 1, .threads = 64, .cache_bytes = 1 << 14}}));
  return all;
}

/// Numbers the index expressions in the order in which the statements use them: the order in which
/// a scheduler made them means nothing.
void number_by_use(LoopNest& nest) {
  std::vector<std::optional<IndexId>> numbers(nest.indices.size());
  std::vector<Index> ordered;
  std::int64_t variables = 0;
  const std::function<IndexId(IndexId)> number = [&](IndexId id) {
    std::optional<IndexId>& known = numbers[id.index];
    if (known.has_value()) return *known;
    Index index = nest.indices[id.index];
    const int operands = detail::operand_count(index.op);
    if (operands > 0) index.a = number(index.a);
    if (operands > 1) index.b = number(index.b);
    if (index.op == IndexOp::variable) index.immediate = variables++;
    known = IndexId{static_cast<std::uint32_t>(ordered.size())};
    ordered.push_back(index);
    return *known;
  };
  detail::for_each_index(nest.body, [&number](IndexId& id) { id = number(id); });
  nest.indices = std::move(ordered);
}

std::uint64_t hash_of(LoopNest nest) {
  number_by_use(nest);
  std::uint64_t hash = 0;
  for (const std::byte byte : key_bytes(nest)) {
    hash = detail::mix(hash, static_cast<std::uint64_t>(byte));
  }
  return hash;
}

}  // namespace

std::vector<NestHash> nest_hashes(std::uint64_t first_seed, std::uint64_t graphs) {
  const std::vector<NamedScheduler> all = schedulers();
  std::vector<NestHash> hashes;
  for (const NamedScheduler& one : all) hashes.push_back({.target = one.name});
  for (std::uint64_t seed = first_seed; seed - first_seed < graphs; ++seed) {
    std::optional<Graph> graph;
    try {
      graph = graph_of(seed);
    } catch (const Error&) {
      continue;  // a value of more elements than sinter serves
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (LoopNest& nest : nests_of(*graph, all[i].scheduler)) {
        ++hashes[i].nests;
        hashes[i].hash += hash_of(std::move(nest));  // a sum: the order does not matter
      }
    }
  }
  return hashes;
}

}  // namespace sinter::fuzz
