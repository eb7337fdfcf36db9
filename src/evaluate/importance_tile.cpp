#include "evaluate/importance_tile.hpp"

#include <algorithm>
#include <numbers>

#include "evaluate/importance_simd.hpp"
#include "helmholtz/draw_layout.hpp"
#include "model/portable_math.hpp"

namespace helmholtz::importance {

namespace {

/// Units whose activities stay in a core's cache until they are scored.
constexpr std::size_t kUnits = 256;

static_assert(products::padded(1) == simd::kColumns);

std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// @param weights  relative to the largest of them
WeightSums sum_weights(double largest, std::span<const double> log_weights,
                       std::span<const double> weights) {
  WeightSums sums{.largest = largest};
  for (std::size_t k = 0; k < weights.size(); ++k) {
    sums.weights += weights[k];
    sums.squares += weights[k] * weights[k];
    sums.logarithms += log_weights[k];
  }
  return sums;
}

}  // namespace

void WeightSums::add(const WeightSums& later) {
  if (weights == 0) {  // nothing yet
    *this = later;
    return;
  }
  const double most = std::max(largest, later.largest);
  const double own = portable::exp(largest - most);
  const double others = portable::exp(later.largest - most);
  weights = weights * own + later.weights * others;
  squares = squares * (own * own) + later.squares * (others * others);
  logarithms += later.logarithms;
  largest = most;
}

RowLikelihood WeightSums::estimate(std::uint64_t particles) const {
  const auto k = static_cast<double>(particles);
  return {.log_likelihood = largest + portable::log(weights / k),
          .elbo = logarithms / k,
          .effective = weights * weights / squares / k};
}

/// What one network gives the states of each column.
struct ParticleTile::Network {
  Aligned<float> mantissas;
  Aligned<std::uint32_t> exponents;
  Aligned<double> activities;

  explicit Network(std::size_t columns)
      : mantissas(columns, 1.0F), exponents(columns), activities(columns) {}
  simd::Scores scores() { return {mantissas.data(), exponents.data(), activities.data()}; }
  /// -ln of its probabilities over another network's, column by column.
  void minus_log_ratios(const Network& other, Aligned<double>& out) const {
    for (std::size_t c = 0; c < out.size(); ++c) {
      out[c] = double{mantissas[c]} / double{other.mantissas[c]};
    }
    simd::take_logarithms(out.data(), out.size());
    for (std::size_t c = 0; c < out.size(); ++c) {
      const auto exponent = static_cast<std::int32_t>(exponents[c] - other.exponents[c]);
      out[c] += exponent * std::numbers::ln2;
      out[c] += activities[c] - other.activities[c];
    }
  }
};

ParticleTile::States::States(std::size_t unit_count, std::size_t column_count,
                             std::size_t column_stride)
    : units(unit_count),
      columns(column_count),
      stride(column_stride),
      floats(units * stride),
      words(packed_words(static_cast<int>(units)) * stride) {}

products::Units ParticleTile::States::part(products::Range range) const {
  return {words.data() + range.begin, stride};
}

ParticleTile::ParticleTile(const LayerShape& shape, const products::WeightOrder& order,
                           const PackedRows& rows, const TileSize& size)
    : shape_(shape),
      order_(order),
      rows_(rows),
      size_(size),
      columns_(products::padded(size.rows * size.particles)),
      activities_(std::min(kUnits, index(shape.units())) * columns_),
      particles_(columns_),
      blocks_low_(columns_),
      blocks_high_(columns_),
      log_weights_(columns_),
      weights_(columns_) {
  for (int l = 0; l <= shape_.last(); ++l) {
    states_.emplace_back(index(shape_.size(l)), columns_, columns_);
  }
}

void ParticleTile::run(const Piece& piece, const float* parameters, std::uint64_t seed,
                       std::span<WeightSums> out) {
  parameters_ = parameters;
  piece_ = piece;
  const auto visible = visible_rows();
  copy_to_columns(visible.floats, visible.stride, states_.back().floats);
  address_draws();
  Network recognition(columns_);
  recognise(visible, seed, recognition);
  Network generative(columns_);
  for (int l = 0; l <= shape_.last(); ++l) score(l, generative);
  recognition.minus_log_ratios(generative, log_weights_);
  sum_rows(out);
}

void ParticleTile::sum_rows(std::span<WeightSums> out) {
  const auto particles = piece_.particles;
  const auto row_of = [&](const Aligned<double>& columns, std::size_t r) {
    return std::span(columns).subspan(r * size_.particles, particles);
  };
  std::ranges::fill(weights_, 0.0);
  for (std::size_t r = 0; r < piece_.rows; ++r) {
    const auto logs = row_of(log_weights_, r);
    out[r].largest = *std::ranges::max_element(logs);
    std::ranges::transform(logs,
                           weights_.begin() + static_cast<std::ptrdiff_t>(r * size_.particles),
                           [&](double log_weight) { return log_weight - out[r].largest; });
  }
  simd::take_exponentials(weights_.data(), weights_.size());
  for (std::size_t r = 0; r < piece_.rows; ++r) {
    out[r] = sum_weights(out[r].largest, row_of(log_weights_, r), row_of(weights_, r));
  }
}

std::size_t ParticleTile::row(std::size_t slot) const {
  return piece_.first_row + std::min(slot, piece_.rows - 1);
}

ParticleTile::States ParticleTile::visible_rows() const {
  // A single column makes vectors without gaps.
  States visible(index(shape_.size(shape_.last())), size_.rows,
                 size_.rows == 1 ? 1 : products::padded(size_.rows));
  for (std::size_t slot = 0; slot < size_.rows; ++slot) {
    const auto own = row(slot);
    for (std::size_t i = 0; i < visible.units; ++i) {
      visible.floats[i * visible.stride + slot] = rows_.bit(own, i) ? 1.0F : 0.0F;
    }
    for (std::size_t w = 0; w < rows_.words_per_row; ++w) {
      visible.words[w * visible.stride + slot] = rows_.words[own * rows_.words_per_row + w];
    }
  }
  return visible;
}

void ParticleTile::copy_to_columns(const Aligned<float>& of_rows, std::size_t stride,
                                   Aligned<float>& of_columns) const {
  for (std::size_t i = 0; i < of_rows.size() / stride; ++i) {
    auto column = of_columns.begin() + static_cast<std::ptrdiff_t>(i * columns_);
    for (std::size_t slot = 0; slot < size_.rows; ++slot) {
      column = std::fill_n(column, size_.particles, of_rows[i * stride + slot]);
    }
  }
}

void ParticleTile::address_draws() {
  const auto blocks_per_row = static_cast<std::uint64_t>(draws::blocks_per_particle(shape_));
  for (std::size_t c = 0; c < columns_; ++c) {
    const auto block = row(c / size_.particles) * blocks_per_row;
    particles_[c] = static_cast<std::uint32_t>(piece_.first_particle + c % size_.particles);
    blocks_low_[c] = static_cast<std::uint32_t>(block);
    blocks_high_[c] = static_cast<std::uint32_t>(block >> 32U);
  }
}

void ParticleTile::recognise(const States& visible, std::uint64_t seed, Network& network) {
  for (int l = shape_.last() - 1; l >= 0; --l) {
    const auto& layer = order_.recognition(l);
    const auto outputs = layer.outputs;
    auto& units = states_[index(l)];
    if (l + 1 == shape_.last()) {  // the same for all particles of a row
      Aligned<float> activities(outputs * visible.stride);
      multiply(layer, {0, outputs}, visible, activities.data());
      copy_to_columns(activities, visible.stride, units.floats);
    } else {
      multiply(layer, {0, outputs}, states_[index(l + 1)], units.floats.data());
    }
    simd::sample_columns({.units = outputs,
                          .columns = columns_,
                          .bias = parameters_ + layer.bias,
                          .activities = units.floats.data(),
                          .words = units.words.data()},
                         {seed, particles_.data(), blocks_low_.data(), blocks_high_.data()},
                         index(draws::particle(shape_, l)), network.scores());
  }
}

void ParticleTile::score(int l, Network& network) {
  const auto& layer = order_.generative(l);
  for (const auto& units : products::cut(layer.outputs, kUnits, 1)) {
    if (l == 0) {
      std::fill_n(activities_.begin(), units.size() * columns_, 0.0F);
    } else {
      multiply(layer, units, states_[index(l - 1)], activities_.data());
    }
    simd::score_columns({.units = units.size(),
                         .columns = columns_,
                         .bias = parameters_ + layer.bias + units.begin,
                         .activities = activities_.data(),
                         .states = &states_[index(l)].floats[units.begin * columns_]},
                        network.scores());
  }
}

void ParticleTile::multiply(const products::LayerByInput& layer, products::Range outputs,
                            const States& inputs, float* activities) const {
  const ConstMatrix weights{parameters_ + layer.weights + outputs.begin, inputs.units,
                            outputs.size(), layer.stride()};
  for (const auto& some : products::cut(inputs.columns, products::kTileColumns, 32)) {
    products::activities(weights, inputs.part(some),
                         {{activities + some.begin, outputs.size(), some.size(), inputs.stride}});
  }
}

}  // namespace helmholtz::importance
