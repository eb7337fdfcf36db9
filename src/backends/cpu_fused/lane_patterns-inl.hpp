// Which pattern each lane's machine shows: drawn, or the next row of an epoch; of a grey row, the
// bits of this visit. Include only inside a foreach_target translation unit.
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
#include "helmholtz/dataset.hpp"
#include "simd/float_ops-inl.hpp"
#include "step/epoch_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

using cpu_fused::MachineBlock;
using cpu_fused::Task;

/// What depends on the number of a visit: the rows of lanes in epochs, the bits of grey rows.
class LaneVisits {
 public:
  /// Of lanes `first` and on of a block.
  LaneVisits(const Task& task, const MachineBlock& block, std::size_t first)
      : world_(*task.world), batch_(task.batch), first_step_(task.first_step) {
    for (std::size_t i = 0; i < FloatOps::kLanes; ++i) {
      const auto high = std::uint64_t{block.seed_high[first + i]} << 32U;
      seeds_[i] = high | block.seed_low[first + i];
      if (task.order == Order::epochs) epochs_.emplace_back(seeds_[i], world_.size());
    }
    if (world_.is_grey()) drawn_.resize(FloatOps::kLanes * world_.words_per_pattern());
  }

  [[nodiscard]] HWY_INLINE bool in_epochs() const { return !epochs_.empty(); }
  [[nodiscard]] HWY_INLINE bool are_drawn() const { return !drawn_.empty(); }
  /// Whether the number of a visit matters.
  [[nodiscard]] HWY_INLINE bool matter() const { return in_epochs() || are_drawn(); }
  /// Goes to a batch row of step first_step + s.
  HWY_INLINE void seek(std::uint64_t s, int row) {
    visit_ = (first_step_ + s) * batch_ + static_cast<unsigned>(row);
  }
  [[nodiscard]] std::size_t row(std::size_t lane) { return epochs_[lane].row(visit_); }
  /// The words of grey row n as a lane draws them.
  [[nodiscard]] const std::uint32_t* draw(std::size_t lane, std::size_t n) {
    const auto words = world_.words_per_pattern();
    const auto out = std::span(drawn_).subspan(lane * words, words);
    draw_row(*world_.data().rows, n, seeds_[lane], visit_, out);
    return out.data();
  }

 private:
  const World& world_;
  std::uint64_t batch_;
  std::uint64_t first_step_;
  std::uint64_t visit_ = 0;
  std::array<std::uint64_t, FloatOps::kLanes> seeds_{};
  std::vector<step::EpochRows> epochs_;  ///< [kLanes]; empty: drawn with replacement
  std::vector<std::uint32_t> drawn_;     ///< [kLanes][words_per_pattern]; empty: rows of bits
};

/// Draws patterns of the world, one a lane.
class LanePatterns {
 public:
  LanePatterns(const World& world, LaneVisits& visits)
      : words_(world.words()),
        thresholds_(world.thresholds()),
        stride_(world.words_per_pattern()),
        units_(world.visible_units()),
        few_(stride_ == 1 && thresholds_.size() <= kLongestChain && !visits.matter()),
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
      patterns[i] = visits_->are_drawn() ? visits_->draw(i, k) : words_.data() + k * stride_;
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
