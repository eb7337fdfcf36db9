#include "backends/cpu_layered/batch.hpp"

#include <algorithm>
#include <utility>

#include "backends/cpu_layered/kernels.hpp"
#include "base/blas.hpp"
#include "helmholtz/draw_layout.hpp"
#include "model/rates.hpp"
#include "step/static_shape.hpp"
#include "step/update_at.hpp"

namespace helmholtz::cpu_layered {

namespace {

#define HELMHOLTZ_FN inline
#define HELMHOLTZ_BODY
#include "step/wake_sleep.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// A batch of one row makes vectors without gaps.
std::size_t row_stride(int batch) { return batch == 1 ? 1 : padded(index(batch)); }

void clear(const Matrix& matrix) {
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    std::fill_n(matrix.data + r * matrix.stride, matrix.columns, 0.0F);
  }
}

/// A matrix of that shape elsewhere.
Matrix starting_at(float* data, Matrix shape) {
  shape.data = data;
  return shape;
}

/// Whether an optimiser needs gradients.
bool has_means(const Ensemble& ensemble) {
  return std::ranges::any_of(ensemble.settings,
                             [](const auto& setting) { return setting.optimizer.means() > 0; });
}

}  // namespace

Batch::Batch(const Ensemble& ensemble, ForEach for_each)
    : ensemble_(ensemble),
      for_each_(std::move(for_each)),
      stride_(row_stride(ensemble.batch)),
      ones_(index(ensemble.batch), 1.0F),
      gradient_(has_means(ensemble) ? ensemble.topology.parameters() : 0) {
  const auto& topology = ensemble.topology;
  const auto& shape = topology.shape();
  for (int l = 0; l < topology.last(); ++l) {
    recognition_.push_back({l, l + 1, shape.recognition(l), draws::recognition(shape, l)});
  }
  for (int l = 0; l <= topology.last(); ++l) {
    generative_.push_back(
        {l, l == 0 ? kNoInputs : l - 1, shape.generative(l), draws::generative(shape, l)});
    first_unit_tile_.push_back(unit_tiles_.size());
    append_tiles(l, index(topology.size(l)), index(ensemble.batch), unit_tiles_);
    units_.emplace_back(padded(index(topology.size(l)) * stride_));
    errors_.emplace_back(units_.back().size());
  }
  first_unit_tile_.push_back(unit_tiles_.size());
  const auto append_weights = [](const Layer& layer, std::vector<Tile>& tiles) {
    append_tiles(layer.index, index(layer.view.outputs), index(layer.view.inputs), tiles);
  };
  for (const auto& layer : generative_) append_weights(layer, generative_weight_tiles_);
  for (const auto& layer : recognition_) append_weights(layer, recognition_weight_tiles_);
}

std::size_t Batch::bytes(const Ensemble& ensemble) {
  std::size_t floats = 0;
  for (const int size : ensemble.topology.layer_sizes()) {
    floats += padded(index(size) * row_stride(ensemble.batch));
  }
  const auto gradient = has_means(ensemble) ? ensemble.topology.parameters() : 0;
  return (2 * floats + gradient) * sizeof(float);
}

/// A step's `Machine` of wake_sleep.inl: all rows at once, and what a phase learns counts when its
/// errors have been found.
struct Batch::Step {
  Batch& batch;
  const LearningRates& rates;

  [[nodiscard]] const LayerShape& shape() const { return batch.ensemble_.topology.shape(); }
  static int rows() { return 1; }
  int draw_pattern(int row) {
    batch.run(batch.units(shape().last(), shape().last()),
              [&](const Tile& tile) { batch.draw_patterns(tile); });
    return row;
  }
  static int begin_dream(int row) { return row; }
  template <class NetworkLayer>
  void sample(NetworkLayer layer, int) {
    const auto& own = batch.layers(layer.kNetwork)[index(layer.l)];
    batch.run(batch.units(layer.l, layer.l), [&](const Tile& tile) { batch.sample(own, tile); });
  }
  void learn(step::Network network) {
    const bool generative = network == step::Network::generative;
    const auto& layers = batch.layers(network);
    const auto& layer_rates = generative ? rates.generative : rates.recognition;
    batch.run(batch.units(0, layers.back().index),
              [&](const Tile& tile) { batch.find_errors(layers[index(tile.layer)], tile); });
    batch.run(generative ? batch.generative_weight_tiles_ : batch.recognition_weight_tiles_,
              [&](const Tile& tile) {
                batch.learn(layers[index(tile.layer)], layer_rates[index(tile.layer)], tile);
              });
  }
  static void apply(step::Network) {}
};

void Batch::train_step(std::size_t m, float* parameters, float* state, std::uint64_t step) {
  const auto& hyperparameters = ensemble_.hyperparameters(m);
  const auto& schedule = hyperparameters.schedule;
  update_ = step::update_at(hyperparameters.optimizer, step);
  parameters_ = parameters;
  means_ = state;
  seed_ = ensemble_.machines[m].seed;
  first_block_ = step * (ensemble_.topology.draws_per_step() / 4);
  factor_ = static_cast<float>(update_.means == 0 ? rate_factor(ensemble_, schedule, step)
                                                  : schedule.factor(step));

  Step machine{*this, hyperparameters.rates};
  cpu_layered::train_step(machine);
}

template <class Work>
void Batch::run(std::span<const Tile> tiles, const Work& work) {
  for_each_(tiles.size(), [&](std::size_t i) { work(tiles[i]); });
}

std::span<const Tile> Batch::units(int first, int last) const {
  const auto begin = first_unit_tile_[index(first)];
  return std::span(unit_tiles_).subspan(begin, first_unit_tile_[index(last) + 1] - begin);
}

kernels::TileDraws Batch::draws_of(std::uint64_t first_slot, const Tile& tile) const {
  return {.seed = seed_,
          .first_block = first_block_,
          .slot = first_slot,
          .first_row = static_cast<std::uint32_t>(tile.columns.begin)};
}

void Batch::draw_patterns(const Tile& tile) {
  kernels::draw_patterns(ensemble_.world, draws_of(draws::kPattern, tile), tile.rows.begin,
                         part(units_.back(), tile));
}

void Batch::sample(const Layer& layer, const Tile& tile) {
  const auto out = part(units_[index(layer.index)], tile);
  activities(layer, tile, out);
  kernels::sample(out, parameters_ + layer.view.bias + tile.rows.begin,
                  draws_of(index(layer.slot) + tile.rows.begin, tile));
}

void Batch::find_errors(const Layer& layer, const Tile& tile) {
  const auto out = part(errors_[index(layer.index)], tile);
  activities(layer, tile, out);
  kernels::subtract_from(part(units_[index(layer.index)], tile).data, out,
                         parameters_ + layer.view.bias + tile.rows.begin);
}

void Batch::activities(const Layer& layer, const Tile& tile, const Matrix& out) {
  if (layer.inputs == kNoInputs) return clear(out);
  const auto fan_in = index(layer.view.inputs);
  const ConstMatrix weights{parameters_ + layer.view.weights + tile.rows.begin * fan_in,
                            tile.rows.size(), fan_in, fan_in};
  blas::activities(
      weights, part(units_[index(layer.inputs)], {layer.inputs, {0, fan_in}, tile.columns}), out);
}

void Batch::learn(const Layer& layer, double rate, const Tile& tile) {
  const float step_rate = static_cast<float>(rate) * factor_;
  const Range batch{0, index(ensemble_.batch)};
  const auto rows = tile.rows.size();
  const auto errors = part(errors_[index(layer.index)], {layer.index, tile.rows, batch});
  if (tile.columns.begin == 0) {
    move(layer.view.bias + tile.rows.begin, {nullptr, 1, rows, rows}, step_rate,
         [&](float weight, const Matrix& sum) {
           blas::learn_bias(weight, errors, ones_.data(), sum.data);
         });
  }
  if (layer.inputs == kNoInputs) return;
  const auto fan_in = index(layer.view.inputs);
  const auto first = layer.view.weights + tile.rows.begin * fan_in + tile.columns.begin;
  const Matrix shape{nullptr, rows, tile.columns.size(), fan_in};
  move(first, shape, step_rate, [&](float weight, const Matrix& sum) {
    blas::learn(weight, errors,
                part(units_[index(layer.inputs)], {layer.inputs, tile.columns, batch}), sum);
  });
  if (ensemble_.nonnegative && &layer == &generative_.back()) {
    kernels::clamp_negative(starting_at(parameters_ + first, shape));
  }
}

template <class Add>
void Batch::move(std::size_t at, const Matrix& shape, float rate, const Add& add) {
  const auto parameters = starting_at(parameters_ + at, shape);
  if (update_.means == 0) return add(rate, parameters);
  const auto gradient = starting_at(gradient_.data() + at, shape);
  clear(gradient);
  add(static_cast<float>(error_weight(ensemble_)), gradient);
  float* const mean = means_ + at;
  float* const square = update_.means == 1 ? nullptr : mean + ensemble_.topology.parameters();
  kernels::follow(update_, rate, gradient, parameters, mean, square);
}

Matrix Batch::part(AlignedFloats& layer, const Tile& tile) const {
  return {layer.data() + tile.rows.begin * stride_ + tile.columns.begin, tile.rows.size(),
          tile.columns.size(), stride_};
}

}  // namespace helmholtz::cpu_layered
