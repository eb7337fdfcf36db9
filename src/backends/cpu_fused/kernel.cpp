// The cpu-fused kernel: SIMD lane = machine, weights in the first-level cache, thousands of steps a
// call. Compiled once for each instruction set; HWY_DYNAMIC_DISPATCH picks at run time.
#include "backends/cpu_fused/kernel.hpp"

#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_fused/kernel.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "backends/cpu_fused/lane_patterns-inl.hpp"
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
// Particles need the step before them.
#include "step/reweighted.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

using cpu_fused::kBlock;
using cpu_fused::MachineBlock;
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

using Particles = ParticleMemory<FloatOps::Bit*, FloatOps::F*>;

/// Per-step scratch.
struct Scratch {
  float* deltas;        ///< [parameters()][kBlock], zero between steps; of several rows
  FloatOps::U* words;   ///< [draws_per_step()]
  Particles particles;  ///< of wake-sleep: the units of one
};

HWY_INLINE Scratch carve(const Task& task, float* scratch) {
  const cpu_fused::ScratchSizes sizes(task);
  const auto take = [&](std::size_t count) {
    return reinterpret_cast<FloatOps::F*>(std::exchange(scratch, scratch + count * kBlock));
  };
  auto* const deltas = reinterpret_cast<float*>(take(sizes.deltas));
  auto* const words = reinterpret_cast<FloatOps::U*>(take(sizes.words));
  auto* const units = take(sizes.units);
  auto* const errors = take(sizes.errors);
  return {deltas, words, {units, errors, take(sizes.weights)}};
}

/// What steps of one vector of machines read, from lane `first` of a block on.
template <class Shape, bool one_row, bool reweighted>
struct LaneStep {
  const Shape& shape;
  const Task& task;
  const MachineBlock& block;
  std::size_t first = 0;
  FloatOps::U* words = nullptr;  ///< [draws_per_step()]
  FloatOps::F* rates = nullptr;  ///< [2 L + 1], of the step; reweighted: [3 L + 1]
  LaneVisits* visits = nullptr;
  PhiloxKeys keys{hn::Load(FloatOps::DU(), block.seed_low + first),
                  hn::Load(FloatOps::DU(), block.seed_high + first)};
  std::uint64_t first_block = 0;
  std::uint64_t number = 0;  ///< of the step, from task.first_step on

  static constexpr bool kDrawsAtOnce = one_row && !reweighted;

  /// Goes to step task.first_step + s; a batch of one row draws all of its words here.
  HWY_INLINE void begin(std::uint64_t s) {
    number = s;
    const auto factor =
        block.uniform_schedule ? FloatOps::set(block.factors[0][s]) : factors(block, first, s);
    for (int r = 0; r < (reweighted ? 3 : 2) * shape.last() + 1; ++r) {
      rates[r] = FloatOps::mul(FloatOps::load(block.rates[r] + first), factor);
    }
    first_block = (task.first_step + s) * static_cast<unsigned>(draws::blocks_per_step(shape));
    if constexpr (kDrawsAtOnce) fill(0, draws::blocks_per_step(shape), 0);
  }
  HWY_NOINLINE static FloatOps::F factors(const MachineBlock& block, std::size_t first,
                                          std::uint64_t s) {
    HWY_ALIGN float lane[FloatOps::kLanes];
    for (std::size_t i = 0; i < FloatOps::kLanes; ++i) lane[i] = block.factors[first + i][s];
    return FloatOps::load(lane);
  }

  [[nodiscard]] HWY_INLINE int rows() const { return one_row ? 1 : static_cast<int>(task.batch); }
  [[nodiscard]] HWY_INLINE int particles() const { return task.particles; }
  [[nodiscard]] HWY_INLINE bool learns_awake() const { return task.learns_awake; }
  [[nodiscard]] HWY_INLINE bool nonnegative_weights() const { return task.nonnegative; }
  [[nodiscard]] HWY_INLINE FloatOps::F rate(int r) const { return rates[r]; }
  HWY_INLINE const FloatOps::U* draw(int row, int begin, int end) const {
    if (begin == draws::kPattern && visits->matter()) visits->seek(number, batch_row(row));
    if constexpr (!kDrawsAtOnce)
      fill(begin / 4, draws::blocks(end), static_cast<std::uint32_t>(row));
    return words + begin;
  }
  /// That a row of random streams belongs to.
  [[nodiscard]] HWY_INLINE int batch_row(int row) const {
    return reweighted ? static_cast<int>(static_cast<std::uint32_t>(row) /
                                         static_cast<std::uint32_t>(task.particles))
                      : row;
  }
  /// The words of blocks [begin, end) of the step.
  HWY_INLINE void fill(int begin, int end, std::uint32_t row) const {
    for (int b = begin; b < end; ++b) {
      philox_block(keys, first_block + static_cast<unsigned>(b), row, RandomPurpose::training,
                   words + std::ptrdiff_t{b} * 4);
    }
  }
};

/// Takes the task's steps.
template <class Machine>
HWY_INLINE void take_steps(const Task& task, Machine machine) {
  for (std::uint64_t s = 0; s < task.steps; ++s) {
    machine.step.begin(s);
    train_step(machine);
  }
}

/// Trains the vector of machines from lane `first` of a block on. All that it works with is local:
/// no store of a parameter can change its pointers.
template <bool one_row, bool reweighted, class Shape>
HWY_NOINLINE void train_vector(const Shape& shape, const Task& task, const MachineBlock& block,
                               std::size_t first) {
  const auto scratch = carve(task, block.scratch);
  const LaneStore parameters{block.parameters + first};
  const auto deltas = one_row ? parameters : LaneStore{scratch.deltas + first};
  FloatOps::F rates[3 * Topology::kMaxLayers];
  LaneVisits visits(task, block, first);
  const LanePatterns patterns(*task.world, visits);
  using Step = LaneStep<Shape, one_row, reweighted>;
  const Step step{shape, task, block, first, scratch.words, rates, &visits};
  if constexpr (reweighted) {
    using Layers = ReweightedWakeSleep<FloatOps, Shape, LaneStore, LanePatterns>;
    take_steps(task, ReweightedRowByRow<Layers, Step>{
                         {{shape, parameters, deltas, patterns, scratch.particles}, step}});
  } else {
    using Layers = WakeSleep<FloatOps, Shape, LaneStore, LanePatterns>;
    take_steps(task, RowByRow<Layers, Step>{
                         {shape, parameters, deltas, patterns, scratch.particles.units}, step});
  }
}

template <bool reweighted, class Shape>
void train_lanes(const Shape& shape, const Task& task, const MachineBlock& block) {
  for (std::size_t first = 0; first < kBlock; first += FloatOps::kLanes) {
    if (task.batch == 1) {
      train_vector<true, reweighted>(shape, task, block, first);
    } else {
      train_vector<false, reweighted>(shape, task, block, first);
    }
  }
}

template <bool reweighted>
void train_block_of_any_shape(const Task& task, const MachineBlock& block) {
  // Each shape takes a quarter of a minute to compile, so only the most common ones: the topology
  // of Kirby's demonstration, and without particles that of Hinton et al. 1995 for the bars (1.3
  // times as fast as at run time).
  using Kirby = step::StaticShape<1, 6, 9>;
  using Bars = step::StaticShape<1, 8, 16>;
  const auto& shape = task.topology->shape();
  const auto train = [&](const auto& known) { train_lanes<reweighted>(known, task, block); };
  bool is_known = false;
  if constexpr (reweighted) {
    is_known = step::with_static_shape<Kirby>(shape, train);
  } else {
    is_known = step::with_static_shape<Kirby, Bars>(shape, train);
  }
  if (!is_known) train(shape);
}

void train_block(const Task& task, const MachineBlock& block) {
  if (task.reweighted()) {
    train_block_of_any_shape<true>(task, block);
  } else {
    train_block_of_any_shape<false>(task, block);
  }
}

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(train_block);

void cpu_fused::train_block(const Task& task, const MachineBlock& block) {
  HWY_DYNAMIC_DISPATCH(train_block)(task, block);
}

}  // namespace helmholtz
#endif
