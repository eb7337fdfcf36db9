#include "evaluate/activity.hpp"

#include <utility>

#include "evaluate/importance.hpp"
#include "helmholtz/draw_layout.hpp"
#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"

namespace helmholtz {

namespace {

using exact::Scalar;

/// Where a row's or a sample's draws begin.
struct Draws {
  RandomStream stream;
  std::uint64_t first_block = 0;

  [[nodiscard]] std::uint32_t word(int slot) const {
    return random_word(stream, first_block, static_cast<std::uint64_t>(slot));
  }
};

/// Samples one machine's layers, and adds up the probabilities.
class Sampler {
 public:
  Sampler(const LayerShape& shape, std::span<const float> parameters)
      : shape_(shape),
        parameters_(parameters),
        units_(static_cast<std::size_t>(shape.units())),
        sums_(units_.size()) {}

  void show(const PackedRows& rows, std::size_t row, double weight) {
    const auto visible = layer(shape_.last());
    for (std::size_t i = 0; i < visible.size(); ++i) {
      visible[i] = rows.bit(row, i) ? 1 : 0;
      sums_[first_unit(shape_.last()) + i] += weight * visible[i];
    }
  }
  void recognise(int l, const Draws& draws, double weight) {
    sample(l, shape_.recognition(l), layer(l + 1), draws, draws::particle(shape_, l), weight);
  }
  void generate(int l, const Draws& draws) {
    const auto inputs = l == 0 ? std::span<std::uint8_t>() : layer(l - 1);
    sample(l, shape_.generative(l), inputs, draws, shape_.unit_offset(l), 1);
  }

  /// The hidden units as they are, the top layer's first.
  [[nodiscard]] std::span<const std::uint8_t> hidden() const {
    return std::span(units_).first(static_cast<std::size_t>(shape_.hidden_units()));
  }

  /// @param weight  of all that was sampled
  [[nodiscard]] std::vector<double> means(double weight) && {
    for (double& sum : sums_) sum /= weight;
    return std::move(sums_);
  }

 private:
  [[nodiscard]] std::size_t first_unit(int l) const {
    return static_cast<std::size_t>(shape_.unit_offset(l));
  }
  [[nodiscard]] std::span<std::uint8_t> layer(int l) {
    return std::span(units_).subspan(first_unit(l), static_cast<std::size_t>(shape_.size(l)));
  }
  /// Of output j, by the inputs that are on.
  [[nodiscard]] float activity(const LayerView& view, std::size_t j, std::size_t inputs) const {
    const float* const weights = &parameters_[view.weights] + j * inputs;
    float sum = parameters_[view.bias + j];
    for (const auto i : on_) sum += weights[i];
    return sum;
  }
  void sample(int l, const LayerView& view, std::span<const std::uint8_t> inputs,
              const Draws& draws, int first_slot, double weight) {
    on_.clear();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] != 0) on_.push_back(i);
    }
    const auto own = layer(l);
    for (std::size_t j = 0; j < own.size(); ++j) {
      const float d = exact::one_plus_exp_minus<Scalar>(activity(view, j, inputs.size()));
      own[j] = exact::fires<Scalar>(d, draws.word(first_slot + static_cast<int>(j))) ? 1 : 0;
      sums_[first_unit(l) + j] += weight / d;
    }
  }

  const LayerShape& shape_;
  std::span<const float> parameters_;
  std::vector<std::uint8_t> units_;  ///< [units], 0 or 1
  std::vector<double> sums_;         ///< [units]
  std::vector<std::size_t> on_;      ///< inputs of the layer at hand that are 1, ascending
};

/// Draws a row's hidden units, with the draws of its first particle.
void recognise_row(Sampler& sampler, const LayerShape& shape, std::uint64_t seed,
                   const PackedRows& rows, const WeightedRow& shown) {
  const auto blocks = static_cast<std::uint64_t>(draws::blocks_per_particle(shape));
  const Draws draws{{.seed = seed, .purpose = RandomPurpose::importance}, shown.row * blocks};
  sampler.show(rows, shown.row, shown.weight);
  for (int l = shape.last() - 1; l >= 0; --l) sampler.recognise(l, draws, shown.weight);
}

std::vector<double> recognised(Sampler sampler, const LayerShape& shape, std::uint64_t seed,
                               const PackedRows& rows, std::span<const WeightedRow> shown) {
  double total = 0;
  for (const auto& one : shown) {
    recognise_row(sampler, shape, seed, rows, one);
    total += one.weight;
  }
  return std::move(sampler).means(total);
}

std::vector<double> generated(Sampler sampler, const LayerShape& shape, std::uint64_t seed,
                              std::uint64_t step, std::size_t count) {
  const auto blocks = static_cast<std::uint64_t>(draws::blocks_per_sample(shape));
  for (std::size_t n = 0; n < count; ++n) {
    const Draws draws{
        {.seed = seed, .purpose = RandomPurpose::evaluation, .row = static_cast<std::uint32_t>(n)},
        step * blocks};
    for (int l = 0; l <= shape.last(); ++l) sampler.generate(l, draws);
  }
  return std::move(sampler).means(static_cast<double>(count));
}

}  // namespace

UnitActivity unit_activity(const Topology& topology, std::span<const float> parameters,
                           std::uint64_t seed, std::uint64_t step, const PackedRows& rows,
                           std::span<const WeightedRow> shown) {
  const auto& shape = topology.shape();
  const Sampler sampler(shape, parameters);
  return {.recognised = recognised(sampler, shape, seed, rows, shown),
          .generated = generated(sampler, shape, seed, step, shown.size()),
          .rows = shown.size()};
}

std::vector<std::uint8_t> recognise_rows(const Topology& topology,
                                         std::span<const float> parameters, const PackedRows& rows,
                                         std::uint64_t seed,
                                         const std::function<bool()>& stop_requested) {
  importance::require_fitting(topology, parameters, rows);
  Sampler sampler(topology.shape(), parameters);
  std::vector<std::uint8_t> units;
  units.reserve(rows.size() * static_cast<std::size_t>(topology.hidden_units()));
  for (std::size_t row = 0; row < rows.size() && !(stop_requested && stop_requested()); ++row) {
    recognise_row(sampler, topology.shape(), seed, rows, {.row = row});
    units.insert(units.end(), sampler.hidden().begin(), sampler.hidden().end());
  }
  return units;
}

}  // namespace helmholtz
