// Which pattern each lane's machine shows: drawn, or the next row of an epoch. Include only inside
// a foreach_target translation unit.
#if defined(HELMHOLTZ_CPU_FUSED_LANE_PATTERNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_CPU_FUSED_LANE_PATTERNS_INL
#undef HELMHOLTZ_CPU_FUSED_LANE_PATTERNS_INL
#else
#define HELMHOLTZ_CPU_FUSED_LANE_PATTERNS_INL
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/cpu_fused/kernel.hpp"
#include "simd/float_ops-inl.hpp"
#include "step/epoch_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

using cpu_fused::MachineBlock;
using cpu_fused::Task;

/// What lanes visit in epochs.
class LaneVisits {
 public:
  /// Of lanes `first` and on of a block.
  LaneVisits(const Task& task, const MachineBlock& block, std::size_t first)
      : batch_(task.batch), first_step_(task.first_step) {
    if (task.order != Order::epochs) return;
    for (auto i = first; i < first + FloatOps::kLanes; ++i) {
      const auto high = std::uint64_t{block.seed_high[i]} << 32U;
      lanes_.emplace_back(high | block.seed_low[i], task.world->size());
    }
  }

  [[nodiscard]] HWY_INLINE bool in_epochs() const { return !lanes_.empty(); }
  /// Goes to a batch row of step first_step + s.
  HWY_INLINE void seek(std::uint64_t s, int row) {
    visit_ = (first_step_ + s) * batch_ + static_cast<unsigned>(row);
  }
  [[nodiscard]] std::size_t row(std::size_t lane) { return lanes_[lane].row(visit_); }

 private:
  std::uint64_t batch_;
  std::uint64_t first_step_;
  std::uint64_t visit_ = 0;
  std::vector<step::EpochRows> lanes_;  ///< [kLanes]; empty: drawn with replacement
};

/// Draws patterns of the world, one a lane.
class LanePatterns {
 public:
  LanePatterns(const World& world, LaneVisits& visits)
      : words_(world.words()),
        thresholds_(world.thresholds()),
        stride_(world.words_per_pattern()),
        units_(world.visible_units()),
        few_(stride_ == 1 && thresholds_.size() <= kLongestChain && !visits.in_epochs()),
        visits_(&visits) {}

  HWY_INLINE void draw(FloatOps::U word, FloatOps::Bit* visible) const {
    if (few_) {
      unpack(select(word), 0, visible);
    } else {
      look_up(word, visible);
    }
  }

 private:
  static constexpr std::size_t kLongestChain = 64;

  /// Few patterns of one word: the last one whose threshold is reached.
  [[nodiscard]] HWY_INLINE FloatOps::U select(FloatOps::U word) const {
    auto pattern = FloatOps::set_bits(words_[0]);
    for (std::size_t k = 0; k < thresholds_.size(); ++k) {
      const auto below = hn::Lt(word, FloatOps::set_bits(thresholds_[k]));
      pattern = hn::IfThenElse(below, pattern, FloatOps::set_bits(words_[k + 1]));
    }
    return pattern;
  }

  /// Any world: a search per lane.
  HWY_NOINLINE void look_up(FloatOps::U word, FloatOps::Bit* visible) const {
    constexpr auto kLanes = FloatOps::kLanes;
    HWY_ALIGN std::uint32_t lane[kLanes];
    hn::Store(word, FloatOps::DU(), lane);
    std::array<const std::uint32_t*, kLanes> patterns{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      const auto k = visits_->in_epochs() ? visits_->row(i) : drawn(lane[i]);
      patterns[i] = words_.data() + k * stride_;
    }
    for (std::size_t w = 0; w < stride_; ++w) {
      for (std::size_t i = 0; i < kLanes; ++i) lane[i] = patterns[i][w];
      unpack(hn::Load(FloatOps::DU(), lane), static_cast<int>(w) * 32, visible);
    }
  }

  [[nodiscard]] std::size_t drawn(std::uint32_t word) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(thresholds_, word) -
                                    thresholds_.begin());
  }

  /// Bits of one word into the visible units from `first` on.
  HWY_INLINE void unpack(FloatOps::U word, int first, FloatOps::Bit* visible) const {
    const int end = std::min(units_, first + 32);
    for (int i = first; i < end; ++i) {
      const auto on = hn::TestBit(word, FloatOps::set_bits(1U << (i - first)));
      visible[i] = FloatOps::bit(hn::RebindMask(FloatOps::D(), on));
    }
  }

  std::span<const std::uint32_t> words_;
  std::span<const std::uint32_t> thresholds_;
  std::size_t stride_;
  int units_;
  bool few_;  ///< patterns of one word that are found by comparing one threshold after the other
  LaneVisits* visits_;
};

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
