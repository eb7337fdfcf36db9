#include "backends/cpu_layered/batch.hpp"

#include <algorithm>
#include <utility>

#include "backends/cpu_layered/blas.hpp"
#include "backends/cpu_layered/kernels.hpp"
#include "helmholtz/draw_layout.hpp"
#include "model/rates.hpp"

namespace helmholtz::cpu_layered {

namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// A batch of one row makes vectors without gaps.
std::size_t row_stride(int batch) { return batch == 1 ? 1 : padded(index(batch)); }

}  // namespace

Batch::Batch(const Ensemble& ensemble, ForEach for_each)
    : ensemble_(ensemble),
      for_each_(std::move(for_each)),
      stride_(row_stride(ensemble.batch)),
      ones_(index(ensemble.batch), 1.0F) {
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
  return 2 * floats * sizeof(float);
}

void Batch::train_step(std::size_t m, float* parameters, std::uint64_t step) {
  const auto& hyperparameters = ensemble_.hyperparameters(m);
  const auto& rates = hyperparameters.rates;
  const int last = ensemble_.topology.last();
  parameters_ = parameters;
  seed_ = ensemble_.machines[m].seed;
  first_block_ = step * (ensemble_.topology.draws_per_step() / 4);
  factor_ = static_cast<float>(rate_factor(ensemble_, hyperparameters.schedule, step));

  run(units(last, last), [&](const Tile& tile) { draw_patterns(tile); });
  for (int l = last - 1; l >= 0; --l) {
    run(units(l, l), [&](const Tile& tile) { sample(recognition_[index(l)], tile); });
  }
  run(units(0, last), [&](const Tile& tile) { find_errors(generative_[index(tile.layer)], tile); });
  run(generative_weight_tiles_, [&](const Tile& tile) {
    learn(generative_[index(tile.layer)], rates.generative[index(tile.layer)], tile);
  });

  for (int l = 0; l <= last; ++l) {
    run(units(l, l), [&](const Tile& tile) { sample(generative_[index(l)], tile); });
  }
  run(units(0, last - 1),
      [&](const Tile& tile) { find_errors(recognition_[index(tile.layer)], tile); });
  run(recognition_weight_tiles_, [&](const Tile& tile) {
    learn(recognition_[index(tile.layer)], rates.recognition[index(tile.layer)], tile);
  });
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
  if (layer.inputs == kNoInputs) {
    for (std::size_t r = 0; r < out.rows; ++r) {
      std::fill_n(out.data + r * out.stride, out.columns, 0.0F);
    }
    return;
  }
  const auto fan_in = index(layer.view.inputs);
  const ConstMatrix weights{parameters_ + layer.view.weights + tile.rows.begin * fan_in,
                            tile.rows.size(), fan_in, fan_in};
  blas::activities(
      weights, part(units_[index(layer.inputs)], {layer.inputs, {0, fan_in}, tile.columns}), out);
}

void Batch::learn(const Layer& layer, double rate, const Tile& tile) {
  const float step_rate = static_cast<float>(rate) * factor_;
  const Range batch{0, index(ensemble_.batch)};
  const auto errors = part(errors_[index(layer.index)], {layer.index, tile.rows, batch});
  if (tile.columns.begin == 0) {
    blas::learn_bias(step_rate, errors, ones_.data(),
                     parameters_ + layer.view.bias + tile.rows.begin);
  }
  if (layer.inputs == kNoInputs) return;
  const auto fan_in = index(layer.view.inputs);
  const Matrix weights{
      parameters_ + layer.view.weights + tile.rows.begin * fan_in + tile.columns.begin,
      tile.rows.size(), tile.columns.size(), fan_in};
  blas::learn(step_rate, errors,
              part(units_[index(layer.inputs)], {layer.inputs, tile.columns, batch}), weights);
  if (ensemble_.nonnegative && &layer == &generative_.back()) kernels::clamp_negative(weights);
}

Matrix Batch::part(AlignedFloats& layer, const Tile& tile) const {
  return {layer.data() + tile.rows.begin * stride_ + tile.columns.begin, tile.rows.size(),
          tile.columns.size(), stride_};
}

}  // namespace helmholtz::cpu_layered
