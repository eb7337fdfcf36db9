#include "backends/cpu_layered/batch.hpp"

#include <algorithm>
#include <utility>

#include "backends/cpu_layered/blas.hpp"
#include "backends/cpu_layered/kernels.hpp"
#include "helmholtz/random.hpp"
#include "model/rates.hpp"

namespace helmholtz::cpu_layered {

namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Batch::Batch(const Ensemble& ensemble, ForEach for_each)
    : ensemble_(ensemble), for_each_(std::move(for_each)) {
  const auto& topology = ensemble.topology;
  const auto rows = index(ensemble.batch);
  recognition_.resize(index(topology.last()));
  std::uint64_t slot = 1;  // slot 0 draws the pattern
  for (int l = topology.last() - 1; l >= 0; --l) {
    recognition_[index(l)] = {l, l + 1, topology.recognition(l), slot};
    slot += index(topology.size(l));
  }
  for (int l = 0; l <= topology.last(); ++l) {
    generative_.push_back({l, l == 0 ? kNoInputs : l - 1, topology.generative(l), slot});
    slot += index(topology.size(l));
    first_unit_tile_.push_back(unit_tiles_.size());
    append_tiles(l, rows, index(topology.size(l)), unit_tiles_);
    units_.emplace_back(rows * padded(index(topology.size(l))));
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
  std::size_t row = 0;
  for (const int size : ensemble.topology.layer_sizes()) row += padded(index(size));
  return 2 * index(ensemble.batch) * row * sizeof(float);
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

void Batch::draw_patterns(const Tile& tile) {
  const auto& world = ensemble_.world;
  const auto thresholds = world.thresholds();
  const auto visible = part(units_.back(), tile);
  for (auto b = tile.rows.begin; b < tile.rows.end; ++b) {
    const RandomStream stream{.seed = seed_, .row = static_cast<std::uint32_t>(b)};
    const auto word = random_word(stream, first_block_, 0);
    const auto k =
        std::upper_bound(thresholds.begin(), thresholds.end(), word) - thresholds.begin();
    const auto pattern =
        world.words().subspan(static_cast<std::size_t>(k) * world.words_per_pattern());
    kernels::unpack_bits(pattern.data(), tile.columns.begin, tile.columns.size(),
                         visible.data + (b - tile.rows.begin) * visible.stride);
  }
}

void Batch::sample(const Layer& layer, const Tile& tile) {
  const auto out = part(units_[index(layer.index)], tile);
  activities(layer, tile, out);
  kernels::sample(out, parameters_ + layer.view.bias + tile.columns.begin,
                  {.seed = seed_,
                   .first_block = first_block_,
                   .slot = layer.slot + tile.columns.begin,
                   .first_row = static_cast<std::uint32_t>(tile.rows.begin)});
}

void Batch::find_errors(const Layer& layer, const Tile& tile) {
  const auto out = part(errors_[index(layer.index)], tile);
  activities(layer, tile, out);
  kernels::subtract_from(part(units_[index(layer.index)], tile).data, out,
                         parameters_ + layer.view.bias + tile.columns.begin);
}

void Batch::activities(const Layer& layer, const Tile& tile, const Matrix& out) {
  if (layer.inputs == kNoInputs) {
    for (std::size_t r = 0; r < out.rows; ++r) {
      std::fill_n(out.data + r * out.stride, out.columns, 0.0F);
    }
    return;
  }
  const auto fan_in = index(layer.view.inputs);
  const ConstMatrix weights{parameters_ + layer.view.weights + tile.columns.begin * fan_in,
                            tile.columns.size(), fan_in, fan_in};
  blas::activities(part(units_[index(layer.inputs)], {layer.inputs, tile.rows, {0, fan_in}}),
                   weights, out);
}

void Batch::learn(const Layer& layer, double rate, const Tile& tile) {
  const float step_rate = static_cast<float>(rate) * factor_;
  const Range batch{0, index(ensemble_.batch)};
  const auto errors = part(errors_[index(layer.index)], {layer.index, batch, tile.rows});
  if (tile.columns.begin == 0) {
    kernels::learn_bias(step_rate, errors, parameters_ + layer.view.bias + tile.rows.begin);
  }
  if (layer.inputs == kNoInputs) return;
  const auto fan_in = index(layer.view.inputs);
  const Matrix weights{
      parameters_ + layer.view.weights + tile.rows.begin * fan_in + tile.columns.begin,
      tile.rows.size(), tile.columns.size(), fan_in};
  blas::learn(step_rate, errors,
              part(units_[index(layer.inputs)], {layer.inputs, batch, tile.columns}), weights);
  if (ensemble_.nonnegative && &layer == &generative_.back()) kernels::clamp_negative(weights);
}

Matrix Batch::part(AlignedFloats& layer, const Tile& tile) const {
  const auto stride = padded(index(ensemble_.topology.size(tile.layer)));
  return {layer.data() + tile.rows.begin * stride + tile.columns.begin, tile.rows.size(),
          tile.columns.size(), stride};
}

}  // namespace helmholtz::cpu_layered
