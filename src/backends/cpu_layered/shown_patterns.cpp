#include "backends/cpu_layered/shown_patterns.hpp"

#include "backends/cpu_layered/columns.hpp"
#include "backends/cpu_layered/kernels.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/draw_layout.hpp"

namespace helmholtz::cpu_layered {

ShownPatterns::ShownPatterns(const Ensemble& ensemble)
    : ensemble_(ensemble),
      batch_(static_cast<std::size_t>(ensemble.batch)),
      starts_(padded(batch_)),
      drawn_words_(ensemble.world.is_grey() ? batch_ * ensemble.world.words_per_pattern() : 0) {}

std::size_t ShownPatterns::bytes(const Ensemble& ensemble) {
  const auto batch = static_cast<std::size_t>(ensemble.batch);
  const auto words = ensemble.world.is_grey() ? ensemble.world.words_per_pattern() : 0;
  return (padded(batch) + batch * words) * sizeof(std::uint32_t);
}

std::span<const std::uint32_t> ShownPatterns::words() const noexcept {
  return drawn_words_.empty() ? ensemble_.world.words() : std::span(drawn_words_);
}

void ShownPatterns::find(std::uint64_t seed, std::uint64_t step, const ForEach& for_each) {
  const auto first_visit = step * batch_;
  if (ensemble_.order == Order::epochs) {
    find_in_epochs(seed, first_visit);
  } else {
    const auto blocks =
        static_cast<std::uint64_t>(draws::blocks_per_step(ensemble_.topology.shape()));
    kernels::find_patterns(ensemble_.world,
                           {.seed = seed,
                            .first_block = step * blocks,
                            .slot = draws::kPattern,
                            .row_step = static_cast<std::uint32_t>(ensemble_.particles)},
                           batch_, starts_.data());
  }
  if (!drawn_words_.empty()) draw_grey_rows(seed, first_visit, for_each);
}

void ShownPatterns::find_in_epochs(std::uint64_t seed, std::uint64_t first_visit) {
  const auto stride = ensemble_.world.words_per_pattern();
  step::EpochRows epochs(seed, ensemble_.world.size());
  for (std::size_t b = 0; b < batch_; ++b) {
    starts_[b] = static_cast<std::uint32_t>(stride * epochs.row(first_visit + b));
  }
}

void ShownPatterns::draw_grey_rows(std::uint64_t seed, std::uint64_t first_visit,
                                   const ForEach& for_each) {
  const auto& rows = *ensemble_.world.data().rows;
  const auto stride = ensemble_.world.words_per_pattern();
  for_each(batch_, [&](std::size_t b) {
    draw_row(rows, starts_[b] / stride, seed, first_visit + b,
             std::span(drawn_words_).subspan(b * stride, stride));
    starts_[b] = static_cast<std::uint32_t>(b * stride);
  });
}

}  // namespace helmholtz::cpu_layered
