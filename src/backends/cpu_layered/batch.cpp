#include "backends/cpu_layered/batch.hpp"

#include <algorithm>
#include <utility>

#include "backends/cpu_layered/kernels.hpp"
#include "helmholtz/draw_layout.hpp"
#include "model/rates.hpp"
#include "products/bit_products.hpp"
#include "step/static_shape.hpp"
#include "step/update_at.hpp"

namespace helmholtz::cpu_layered {

namespace {

#define HELMHOLTZ_FN inline
#define HELMHOLTZ_BODY
#include "step/wake_sleep.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

/// B K
std::size_t particles(const Ensemble& ensemble) {
  return index(ensemble.batch) * index(ensemble.particles);
}

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

std::size_t state_floats(const Ensemble& ensemble, const products::WeightOrder& order,
                         std::size_t m) {
  return optimizer_state_floats(ensemble.hyperparameters(m), order.floats(),
                                order.recognition_floats());
}

Batch::Batch(const Ensemble& ensemble, const products::WeightOrder& order, ForEach for_each)
    : ensemble_(ensemble),
      order_(order),
      for_each_(std::move(for_each)),
      awake_(ensemble.topology, particles(ensemble)),
      asleep_(ensemble.topology, index(ensemble.batch)),
      shown_(ensemble),
      gradient_(has_means(ensemble) ? order.floats() : 0) {
  const auto& topology = ensemble.topology;
  const auto& shape = topology.shape();
  for (int l = 0; l < topology.last(); ++l) {
    recognition_.push_back({l, l + 1, order.recognition(l), draws::recognition(shape, l)});
  }
  for (int l = 0; l <= topology.last(); ++l) {
    generative_.push_back(
        {l, l == 0 ? kNoInputs : l - 1, order.generative(l), draws::generative(shape, l)});
    values_.emplace_back(awake_.floats(topology.size(l)));
    bits_.emplace_back(index(topology.size(l)), awake_.count());
  }
  if (ensemble.particles > 1) {
    pattern_bits_ = products::PackedUnits(index(topology.visible_units()), asleep_.count());
    scores_.resize(awake_.tiles().size() * kTileColumns);
    weights_.resize(padded(awake_.count()));
  }
  const auto append_weights = [](const Layer& layer, std::vector<Tile>& tiles) {
    append_tiles(layer.index, layer.view.outputs, layer.view.inputs, tiles);
  };
  for (const auto& layer : generative_) append_weights(layer, generative_weight_tiles_);
  for (const auto& layer : recognition_) append_weights(layer, recognition_weight_tiles_);
}

std::size_t Batch::bytes(const Ensemble& ensemble, const products::WeightOrder& order) {
  const auto& topology = ensemble.topology;
  const Columns awake(topology, particles(ensemble));
  std::size_t floats = has_means(ensemble) ? order.floats() : 0;
  std::size_t bits = 0;
  for (const int size : topology.layer_sizes()) {
    floats += awake.floats(size);
    bits += products::PackedUnits::bytes(index(size), awake.count());
  }
  if (ensemble.particles > 1) {
    const Columns asleep(topology, index(ensemble.batch));
    bits += products::PackedUnits::bytes(index(topology.visible_units()), asleep.count());
    floats += awake.tiles().size() * kTileColumns + padded(awake.count());
  }
  return floats * sizeof(float) + bits + ShownPatterns::bytes(ensemble);
}

/// A step's `Machine` of wake_sleep.inl: all rows at once, and what a phase learns counts when its
/// errors have been found.
struct Batch::Step {
  static constexpr bool kParticlesInTurn = false;

  Batch& batch;
  const LearningRates& rates;

  [[nodiscard]] const LayerShape& shape() const { return batch.ensemble_.topology.shape(); }
  static int rows() { return 1; }
  int draw_pattern(int row) {
    batch.columns_ = &batch.awake_;
    batch.show_patterns();
    return row;
  }
  int begin_dream(int row) {
    batch.columns_ = &batch.asleep_;
    return row;
  }
  template <class NetworkLayer>
  void sample(NetworkLayer layer, int) {
    const auto& own = batch.layers(layer.kNetwork)[index(layer.l)];
    batch.run(batch.columns_->tiles(layer.l, layer.l),
              [&](const Tile& tile) { batch.sample(own, tile); });
  }
  [[nodiscard]] bool learns_awake() const { return rates.learn_awake(); }
  void learn_awake(step::Network network) {
    const bool is_generative = network == step::Network::generative;
    batch.learn(network, is_generative ? rates.generative : rates.recognition_wake);
  }
  void learn_asleep() { batch.learn(step::Network::recognition, rates.recognition); }
  static void apply(step::Network) {}
};

void Batch::train_step(std::size_t m, float* parameters, float* state, std::uint64_t step) {
  const auto& hyperparameters = ensemble_.hyperparameters(m);
  const auto& schedule = hyperparameters.schedule;
  update_ = step::update_at(hyperparameters.optimizer, step);
  parameters_ = parameters;
  state_ = state;
  seed_ = ensemble_.machines[m].seed;
  first_block_ = step * (ensemble_.topology.draws_per_step() / 4);
  factor_ = static_cast<float>(update_.means == 0 ? rate_factor(ensemble_, schedule, step)
                                                  : schedule.factor(step));

  shown_.find(seed_, step, for_each_);

  Step machine{*this, hyperparameters.rates};
  cpu_layered::train_step(machine);
}

kernels::TileDraws Batch::draws_of(std::uint64_t first_slot, const Tile& tile) const {
  const bool dreams = columns_ == &asleep_;
  return {.seed = seed_,
          .first_block = first_block_,
          .slot = first_slot,
          .first_column = static_cast<std::uint32_t>(tile.columns.begin),
          .row_step = dreams ? static_cast<std::uint32_t>(ensemble_.particles) : 1U};
}

void Batch::sample(const Layer& layer, const Tile& tile) {
  const auto out = values(tile);
  activities(layer, tile, out);
  const float* const bias = parameters_ + layer.view.bias + tile.rows.begin;
  const auto draws = draws_of(index(layer.slot) + tile.rows.begin, tile);
  const auto units = bits_[index(layer.index)].tile(tile.rows, tile.columns);
  if (!weighs()) return kernels::sample(out, bias, draws, units);
  kernels::sample_and_score(out, bias, draws, units, scores(tile));
}

void Batch::find_errors(const Layer& layer, const Tile& tile) {
  const auto out = values(tile);
  activities(layer, tile, out);
  const auto targets = bits_[index(layer.index)].tile(tile.rows, tile.columns);
  const float* const bias = parameters_ + layer.view.bias + tile.rows.begin;
  const bool is_generative = &layer == &generative_[index(layer.index)];
  if (!weighs() || !is_generative) return kernels::subtract_from(targets, out, bias);
  kernels::subtract_and_score(targets, out, bias, scores(tile));
}

void Batch::activities(const Layer& layer, const Tile& tile, const Matrix& out) {
  if (layer.inputs == kNoInputs) return clear(out);
  const ConstMatrix weights{parameters_ + layer.view.weights + tile.rows.begin, layer.view.inputs,
                            tile.rows.size(), layer.view.stride()};
  if (reads_patterns(layer)) return activities_of_patterns(weights, tile.columns, out);
  products::activities(weights, bits_[index(layer.inputs)].columns(tile.columns.begin), out);
}

void Batch::learn(step::Network network, const std::vector<double>& rates) {
  const auto& own = layers(network);
  const bool is_generative = network == step::Network::generative;
  run(columns_->tiles(0, own.back().index),
      [&](const Tile& tile) { find_errors(own[index(tile.layer)], tile); });
  if (weighs()) {
    if (is_generative) weigh_particles();
    weigh_errors(network);
  }
  choose_means(network);
  run(is_generative ? generative_weight_tiles_ : recognition_weight_tiles_,
      [&](const Tile& tile) { learn(own[index(tile.layer)], rates[index(tile.layer)], tile); });
}

void Batch::choose_means(step::Network network) {
  if (update_.means == 0) return;
  const bool is_third = network == step::Network::recognition && columns_ == &awake_;
  const auto sleeping = static_cast<std::size_t>(update_.means) * order_.floats();
  const auto generative = order_.floats() - order_.recognition_floats();
  means_ = is_third ? state_ + sleeping - generative : state_;
  means_stride_ = is_third ? order_.recognition_floats() : order_.floats();
}

void Batch::learn(const Layer& layer, double rate, const Tile& tile) {
  const float step_rate = static_cast<float>(rate) * factor_;
  const bool of_patterns = reads_patterns(layer);
  const Range columns{0, (of_patterns ? asleep_ : *columns_).count()};
  const auto rows = tile.rows.size();
  const auto errors = values({layer.index, tile.rows, columns});
  if (tile.columns.begin == 0) {
    move(layer.view.bias + tile.rows.begin, {nullptr, 1, rows, rows}, step_rate,
         [&](float weight, const Matrix& sum) { products::learn_bias(weight, errors, sum.data); });
  }
  if (layer.inputs == kNoInputs) return;
  const auto stride = layer.view.stride();
  const auto first = layer.view.weights + tile.columns.begin * stride + tile.rows.begin;
  const Matrix shape{nullptr, tile.columns.size(), rows, stride};
  const auto& bits = of_patterns ? pattern_bits_ : bits_[index(layer.inputs)];
  move(first, shape, step_rate, [&](float weight, const Matrix& sum) {
    products::learn(weight, errors, bits.units(tile.columns.begin), sum);
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
  float* const square = update_.means == 1 ? nullptr : mean + means_stride_;
  kernels::follow(update_, rate, gradient, parameters, mean, square);
}

Matrix Batch::values(const Tile& tile) {
  return columns_->rectangle(values_[index(tile.layer)].data(), tile.rows, tile.columns);
}

}  // namespace helmholtz::cpu_layered
