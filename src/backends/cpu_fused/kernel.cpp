// The cpu-fused kernel: SIMD lane = machine, weights in the first-level cache, thousands of steps a
// call. Compiled once for each instruction set; HWY_DYNAMIC_DISPATCH picks at run time.
#include "backends/cpu_fused/kernel.hpp"

#include <algorithm>
#include <array>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_fused/kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "helmholtz/draw_layout.hpp"
#include "model/exact_scalar.hpp"
#include "simd/float_ops-inl.hpp"
#include "simd/philox-inl.hpp"
#include "step/static_shape.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

#define HELMHOLTZ_FN HWY_INLINE
#define HELMHOLTZ_BODY __attribute__((always_inline))
#include "step/wake_sleep.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

using cpu_fused::Block;
using cpu_fused::kBlock;
using cpu_fused::Task;

/// Parameters of the lanes at `base`, kBlock floats apart.
struct LaneStore {
  float* base;
  [[nodiscard]] HWY_INLINE FloatOps::F load(std::size_t k) const {
    return FloatOps::load(base + k * kBlock);
  }
  HWY_INLINE void store(std::size_t k, FloatOps::F x) const {
    FloatOps::store(x, base + k * kBlock);
  }
};

/// Draws patterns of the world, one a lane.
class LanePatterns {
 public:
  explicit LanePatterns(const World& world) : world_(&world) {}

  HWY_INLINE void draw(FloatOps::U word, FloatOps::Bit* visible) const {
    if (world_->words_per_pattern() == 1 && world_->thresholds().size() <= kLongestChain) {
      unpack(select(word), 0, visible);
    } else {
      look_up(word, visible);
    }
  }

 private:
  static constexpr std::size_t kLongestChain = 64;

  /// Few patterns of one word: the last one whose threshold is reached.
  [[nodiscard]] HWY_INLINE FloatOps::U select(FloatOps::U word) const {
    const auto thresholds = world_->thresholds();
    const auto words = world_->words();
    auto pattern = FloatOps::set_bits(words[0]);
    for (std::size_t k = 0; k < thresholds.size(); ++k) {
      const auto below = hn::Lt(word, FloatOps::set_bits(thresholds[k]));
      pattern = hn::IfThenElse(below, pattern, FloatOps::set_bits(words[k + 1]));
    }
    return pattern;
  }

  /// Any world: a binary search a lane.
  HWY_NOINLINE void look_up(FloatOps::U word, FloatOps::Bit* visible) const {
    constexpr auto kLanes = FloatOps::kLanes;
    HWY_ALIGN std::uint32_t lane[kLanes];
    hn::Store(word, FloatOps::DU(), lane);
    const auto thresholds = world_->thresholds();
    std::array<const std::uint32_t*, kLanes> patterns;
    const auto stride = world_->words_per_pattern();
    for (std::size_t i = 0; i < kLanes; ++i) {
      const auto k = std::upper_bound(thresholds.begin(), thresholds.end(), lane[i]);
      patterns[i] =
          world_->words().data() + static_cast<std::size_t>(k - thresholds.begin()) * stride;
    }
    for (std::size_t w = 0; w < stride; ++w) {
      for (std::size_t i = 0; i < kLanes; ++i) lane[i] = patterns[i][w];
      unpack(hn::Load(FloatOps::DU(), lane), static_cast<int>(w) * 32, visible);
    }
  }

  /// Bits of one word into the visible units from `first` on.
  HWY_INLINE void unpack(FloatOps::U word, int first, FloatOps::Bit* visible) const {
    const int end = std::min(world_->visible_units(), first + 32);
    for (int i = first; i < end; ++i) {
      const auto on = hn::TestBit(word, FloatOps::set_bits(1U << (i - first)));
      visible[i] = FloatOps::bit(hn::RebindMask(FloatOps::D(), on));
    }
  }

  const World* world_;
};

/// Where a kernel keeps what outlives no step.
struct Scratch {
  FloatOps::U* words;    ///< [draws_per_step()]
  FloatOps::Bit* units;  ///< [units()]
  float* deltas;  ///< [parameters()][kBlock], zero between steps; null for a batch of one row
};

constexpr std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t scratch_bytes(const Topology& topology, std::uint32_t batch) {
  const auto deltas = batch > 1 ? topology.parameters() * kBlock * sizeof(float) : 0;
  return deltas + round_up(topology.draws_per_step() * sizeof(FloatOps::U)) +
         round_up(static_cast<std::size_t>(topology.units()) * sizeof(FloatOps::Bit));
}

HWY_INLINE Scratch carve(const Task& task, std::byte* scratch) {
  const auto& topology = *task.topology;
  const auto deltas = task.batch > 1 ? topology.parameters() * kBlock * sizeof(float) : 0;
  auto* const words = scratch + deltas;
  auto* const units = words + round_up(topology.draws_per_step() * sizeof(FloatOps::U));
  return {reinterpret_cast<FloatOps::U*>(words), reinterpret_cast<FloatOps::Bit*>(units),
          deltas == 0 ? nullptr : reinterpret_cast<float*>(scratch)};
}

/// One vector of machines of a block, from lane `first` on.
template <class Shape>
class LaneTrainer {
 public:
  LaneTrainer(const Shape& shape, const Task& task, const Block& block, std::size_t first)
      : shape_(shape),
        task_(task),
        block_(block),
        first_(first),
        scratch_(carve(task, block.scratch)),
        keys_(hn::Load(FloatOps::DU(), block.seed_low + first),
              hn::Load(FloatOps::DU(), block.seed_high + first)),
        machine_(
            shape, LaneStore{block.parameters + first},
            LaneStore{(scratch_.deltas != nullptr ? scratch_.deltas : block.parameters) + first},
            LanePatterns(*task.world), scratch_.units) {}

  void train() {
    if (task_.batch == 1) {
      auto machine = machine_;  // a local one: no store of a parameter can change its pointers
      for (std::uint64_t s = 0; s < task_.steps; ++s) step(machine, s);
    } else {
      for (std::uint64_t s = 0; s < task_.steps; ++s) batch_step(s);
    }
  }

 private:
  using Machine = WakeSleep<FloatOps, Shape, LaneStore, LanePatterns>;

  HWY_INLINE void step(Machine& machine, std::uint64_t s) {
    FloatOps::F rates[2 * Topology::kMaxLayers];
    set_rates(s, rates);
    draw((task_.first_step + s) * blocks_per_step(), 0, blocks_per_step(), 0);
    machine.wake(scratch_.words, rates);
    if (task_.nonnegative) machine.clamp_visible_weights();
    machine.sleep(scratch_.words + sleep_slot(), rates + shape_.last() + 1);
  }

  HWY_NOINLINE void batch_step(std::uint64_t s) {
    FloatOps::F rates[2 * Topology::kMaxLayers];
    set_rates(s, rates);
    const auto first_block = (task_.first_step + s) * blocks_per_step();
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(first_block, 0, (sleep_slot() + 3) / 4, row);
      machine_.wake(scratch_.words, rates);
    }
    machine_.apply_deltas(0, shape_.generative_parameters());
    if (task_.nonnegative) machine_.clamp_visible_weights();
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(first_block, sleep_slot() / 4, blocks_per_step(), row);
      machine_.sleep(scratch_.words + sleep_slot(), rates + shape_.last() + 1);
    }
    machine_.apply_deltas(shape_.generative_parameters(), shape_.parameters());
  }

  [[nodiscard]] HWY_INLINE std::uint64_t sleep_slot() const {
    return static_cast<std::uint64_t>(draws::dream(shape_));
  }
  [[nodiscard]] HWY_INLINE std::uint64_t blocks_per_step() const {
    return static_cast<std::uint64_t>(draws::blocks_per_step(shape_));
  }

  /// Fills the words of blocks [begin, end) of a step.
  HWY_INLINE void draw(std::uint64_t first_block, std::uint64_t begin, std::uint64_t end,
                       std::uint32_t row) {
    for (auto b = begin; b < end; ++b) {
      philox_block(keys_, first_block + b, row, RandomPurpose::training, scratch_.words + b * 4);
    }
  }

  HWY_INLINE void set_rates(std::uint64_t s, FloatOps::F* rates) {
    const auto factor = block_.uniform_schedule ? FloatOps::set(block_.factors[0][s]) : factors(s);
    for (int r = 0; r < 2 * shape_.last() + 1; ++r) {
      rates[r] = FloatOps::mul(FloatOps::load(block_.rates[r] + first_), factor);
    }
  }

  HWY_NOINLINE FloatOps::F factors(std::uint64_t s) const {
    HWY_ALIGN float lane[FloatOps::kLanes];
    for (std::size_t i = 0; i < FloatOps::kLanes; ++i) lane[i] = block_.factors[first_ + i][s];
    return FloatOps::load(lane);
  }

  const Shape& shape_;
  const Task& task_;
  const Block& block_;
  std::size_t first_;
  Scratch scratch_;
  PhiloxKeys keys_;
  Machine machine_;
};

template <class Shape>
void train_lanes(const Shape& shape, const Task& task, const Block& block) {
  for (std::size_t first = 0; first < kBlock; first += FloatOps::kLanes) {
    LaneTrainer<Shape>(shape, task, block, first).train();
  }
}

/// Trains with the shape's constants if the topology has its sizes.
template <class Shape>
bool train_if_same(const Task& task, const Block& block) {
  if (!step::same_sizes(Shape(), task.topology->shape())) return false;
  train_lanes(Shape(), task, block);
  return true;
}

template <class... Shapes>
void train_with_best_shape(const Task& task, const Block& block) {
  if (!(train_if_same<Shapes>(task, block) || ...)) {
    train_lanes(task.topology->shape(), task, block);
  }
}

void train_block(const Task& task, const Block& block) {
  // Each shape takes a quarter of a minute to compile, so only the most common ones: the topology
  // of Kirby's demonstration, and of Hinton et al. 1995 for the bars (1.3 times as fast as at run
  // time).
  train_with_best_shape<step::StaticShape<1, 6, 9>, step::StaticShape<1, 8, 16>>(task, block);
}

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(scratch_bytes);
HWY_EXPORT(train_block);

std::size_t cpu_fused::scratch_bytes(const Topology& topology, std::uint32_t batch) {
  return HWY_DYNAMIC_DISPATCH(scratch_bytes)(topology, batch);
}

void cpu_fused::train_block(const Task& task, const Block& block) {
  HWY_DYNAMIC_DISPATCH(train_block)(task, block);
}

}  // namespace helmholtz
#endif
