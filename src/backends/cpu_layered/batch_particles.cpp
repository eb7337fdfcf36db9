// Reweighted wake-sleep's part of a training step: what several particles of a batch row share, and
// how they are weighed.
#include <algorithm>
#include <array>

#include "backends/cpu_layered/batch.hpp"
#include "model/exact_scalar.hpp"
#include "products/bit_products.hpp"

namespace helmholtz::cpu_layered {

namespace {

/// Sums of `each` values become the first values, from left to right.
void add_groups(float* values, std::size_t groups, std::size_t each) {
  for (std::size_t g = 0; g < groups; ++g) {
    float sum = 0;
    for (std::size_t k = 0; k < each; ++k) sum += values[g * each + k];
    values[g] = sum;
  }
}

}  // namespace

bool Batch::weighs() const { return ensemble_.particles > 1 && columns_ == &awake_; }

bool Batch::reads_patterns(const Layer& layer) const {
  return weighs() && &layer == &recognition_.back();
}

float* Batch::scores(const Tile& tile) { return &scores_[columns_->number(tile) * kTileColumns]; }

void Batch::show_patterns() {
  const int last = ensemble_.topology.last();
  run(columns_->tiles(last, last), [&](const Tile& tile) {
    show_patterns(*columns_, tile, bits_.back());
    if (weighs()) std::fill_n(scores(tile), kTileColumns, 0.0F);
  });
  if (!weighs()) return;
  run(asleep_.tiles(last, last),
      [&](const Tile& tile) { show_patterns(asleep_, tile, pattern_bits_); });
}

void Batch::show_patterns(const Columns& columns, const Tile& tile, products::PackedUnits& bits) {
  const auto each = columns.count() / asleep_.count();
  std::array<std::uint32_t, kTileColumns> starts{};
  for (std::size_t c = 0; c < tile.columns.size(); ++c) {
    starts[c] = shown_.starts()[(tile.columns.begin + c) / each];
  }
  kernels::show_patterns(shown_.words(), starts.data(), tile, bits.tile(tile.rows, tile.columns));
}

void Batch::activities_of_patterns(const ConstMatrix& weights, Range columns, const Matrix& out) {
  const auto each = index(ensemble_.particles);
  const Range rows{columns.begin / each, (columns.end - 1) / each + 1};
  auto once = out;
  once.columns = rows.size();
  products::activities(weights, pattern_bits_.columns(rows.begin), once);
  for (std::size_t j = 0; j < out.rows; ++j) {
    float* const units = out.data + j * out.stride;
    // Every row moves to the right or stays: the last one first.
    for (auto b = rows.end; b-- > rows.begin;) {
      const auto begin = std::max(b * each, columns.begin) - columns.begin;
      const auto end = std::min((b + 1) * each, columns.end) - columns.begin;
      std::fill(units + begin, units + end, units[b - rows.begin]);
    }
  }
}

void Batch::weigh_particles() {
  std::fill(weights_.begin(), weights_.end(), 0.0F);
  for (const auto& tile : awake_.tiles()) {
    const float* const own = scores(tile);
    for (std::size_t c = 0; c < tile.columns.size(); ++c) {
      weights_[tile.columns.begin + c] += own[c];
    }
  }
  const auto each = index(ensemble_.particles);
  for (std::size_t c = 0; c < awake_.count(); c += each) {
    exact::normalise_weights<exact::Scalar>(&weights_[c], ensemble_.particles);
  }
}

void Batch::weigh_errors(step::Network network) {
  run(awake_.tiles(0, layers(network).back().index), [&](const Tile& tile) {
    kernels::scale_columns(values(tile), &weights_[tile.columns.begin]);
  });
  if (network == step::Network::generative) return;
  // All particles of a row have its pattern as inputs: their errors add up.
  const int l = recognition_.back().index;
  run(awake_.tiles(l, l), [&](const Tile& tile) {
    if (tile.columns.begin > 0) return;
    const auto errors = values({l, tile.rows, {0, awake_.count()}});
    for (std::size_t j = 0; j < errors.rows; ++j) {
      add_groups(errors.data + j * errors.stride, asleep_.count(), index(ensemble_.particles));
    }
  });
}

}  // namespace helmholtz::cpu_layered
