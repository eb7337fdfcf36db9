#include <vector>

#include "kernels/host_kernels.hpp"
#include "kernels/layered/layered_learning.hpp"
#include "kernels/layered/layered_machine.hpp"
#include "kernels/layered/layered_plan.hpp"

namespace helmholtz::testing {

namespace {

using cuda::LayeredTask;
using cuda::Network;
using cuda::Product;

bool is_split(const LayeredTask& task) { return task.math == cuda::Math::bf16x3; }

/// body(machine, item)
template <class Task, class Body>
void for_each(const Task& task, std::size_t items, Body body) {
  for (std::uint32_t m = 0; m < task.machines; ++m) {
    for (std::uint32_t item = 0; item < items; ++item) body(m, item);
  }
}

std::uint32_t columns_of(const LayeredTask& task) {
  return static_cast<std::uint32_t>(task.shape.columns());
}

template <class Memory>
void draw_pattern(const LayeredTask& task, std::uint32_t m, std::uint32_t item) {
  cuda::with_visits(task, [&](auto visits) {
    cuda::draw_pattern<Memory, decltype(visits)::value>(task, m, item);
  });
}

float sum_of_errors(const LayeredTask& task, Network network, std::uint32_t m, int unit) {
  std::vector<float> sums;
  for (std::uint32_t lane = 0; lane < task.lanes; ++lane) {
    sums.push_back(is_split(task)
                       ? cuda::find_errors<cuda::Bf16Memory>(task, network, m, unit, lane)
                       : cuda::find_errors<cuda::FloatMemory>(task, network, m, unit, lane));
  }
  for (auto half = sums.size() / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

template <class T, class Load>
void multiply(const Product& product, std::int64_t m, const T* a, const T* b, Load load) {
  a += m * product.a_machine;
  b += m * product.b_machine;
  float* const c = product.c + m * product.c_machine;
  for (int column = 0; column < product.columns; ++column) {
    for (int row = 0; row < product.rows; ++row) {
      float sum = 0;
      for (int i = 0; i < product.inner; ++i) {
        const auto a_at = product.transpose_a ? std::int64_t{row} * product.a_stride + i
                                              : std::int64_t{i} * product.a_stride + row;
        sum += load(a[a_at]) * load(b[std::int64_t{column} * product.b_stride + i]);
      }
      float& out = c[std::int64_t{column} * product.c_stride + row];
      out = product.beta == 0 ? sum : sum + out;
    }
  }
}

}  // namespace

void run_draw_patterns(const LayeredTask& task) {
  const auto items = task.patterns.words_per_pattern * columns_of(task);
  for_each(task, items, [&](std::uint32_t m, std::uint32_t item) {
    is_split(task) ? draw_pattern<cuda::Bf16Memory>(task, m, item)
                   : draw_pattern<cuda::FloatMemory>(task, m, item);
  });
}

void run_sample(const LayeredTask& task, const cuda::LayeredLayer& layer) {
  const auto items = cuda::blocks_of(layer) * columns_of(task);
  for_each(task, items, [&](std::uint32_t m, std::uint32_t item) {
    is_split(task) ? cuda::sample<cuda::Bf16Memory>(task, layer, m, item)
                   : cuda::sample<cuda::FloatMemory>(task, layer, m, item);
  });
}

void run_score(const LayeredTask& task, Network network) {
  for_each(task, columns_of(task), [&](std::uint32_t m, std::uint32_t c) {
    is_split(task) ? cuda::score<cuda::Bf16Memory>(task, network, m, c)
                   : cuda::score<cuda::FloatMemory>(task, network, m, c);
  });
}

void run_weigh(const LayeredTask& task) {
  for_each(task, columns_of(task) / task.particles,
           [&](std::uint32_t m, std::uint32_t b) { cuda::weigh(task, m, b); });
}

void run_find_errors(const LayeredTask& task, Network network) {
  const auto units = static_cast<std::size_t>(task.shape.units(network));
  for_each(task, units, [&](std::uint32_t m, std::uint32_t unit) {
    const int u = static_cast<int>(unit);
    cuda::learn_bias(task, network, m, u, sum_of_errors(task, network, m, u));
  });
}

void run_follow(const LayeredTask& task, Network network) {
  const auto items = task.shape.end(network) - task.shape.begin(network);
  for_each(task, items,
           [&](std::uint32_t m, std::uint32_t k) { cuda::follow(task, network, m, k); });
}

void run_clamp(const LayeredTask& task) {
  const auto& visible = task.shape.visible();
  for_each(task,
           static_cast<std::size_t>(visible.outputs) * static_cast<std::size_t>(visible.stride),
           [&](std::uint32_t m, std::uint32_t k) { cuda::clamp_weight(task, m, k); });
}

void run_split_weights(const LayeredTask& task, Network network) {
  const auto items = task.shape.end(network) - task.shape.begin(network);
  for_each(task, items,
           [&](std::uint32_t m, std::uint32_t k) { cuda::split_weight(task, network, m, k); });
}

void run_advance(const LayeredTask& task) { cuda::advance(task); }

void run_gather(const cuda::GatherTask& task) {
  for_each(task, task.shape.parameters(),
           [&](std::uint32_t m, std::uint32_t k) { cuda::gather_parameter(task, m, k); });
}

void run_product(const Product& product, cuda::Math math) {
  for (std::int64_t m = 0; m < product.count; ++m) {
    if (math == cuda::Math::bf16x3) {
      multiply(product, m, static_cast<const std::uint16_t*>(product.a),
               static_cast<const std::uint16_t*>(product.b), cuda::from_bf16);
    } else {
      multiply(product, m, static_cast<const float*>(product.a),
               static_cast<const float*>(product.b), [](float x) { return x; });
    }
  }
}

}  // namespace helmholtz::testing
