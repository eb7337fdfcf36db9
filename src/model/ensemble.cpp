#include "helmholtz/ensemble.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "model/portable_math.hpp"
#include "model/rates.hpp"

namespace helmholtz {

static_assert(std::endian::native == std::endian::little, "digests and files are little-endian");

Ensemble Ensemble::alone(std::size_t m) const {
  // A further member does not compile here: it has to be copied too.
  const auto& [topology_, world_, batch_, particles_, order_, reduction_, nonnegative_, settings_,
               machines_] = *this;
  return {.topology = topology_,
          .world = world_,
          .batch = batch_,
          .particles = particles_,
          .order = order_,
          .reduction = reduction_,
          .nonnegative = nonnegative_,
          .settings = {settings_[machines_[m].setting]},
          .machines = {{.seed = machines_[m].seed, .setting = 0}}};
}

bool Ensemble::recognition_learns_awake() const {
  return std::any_of(settings.begin(), settings.end(),
                     [](const Hyperparameters& setting) { return setting.rates.learn_awake(); });
}

Order parse_order(std::string_view text) {
  if (text == "iid") return Order::iid;
  if (text == "epochs") return Order::epochs;
  throw InvalidArgument("order", text, "iid, epochs");
}

std::string to_string(Order order) { return order == Order::iid ? "iid" : "epochs"; }

void Ensemble::validate() const {
  if (world.visible_units() != topology.visible_units()) {
    throw InvalidArgument("layers", topology.to_string(),
                          fmt::format("{} visible units, as {} {} has", world.visible_units(),
                                      world.noun(), world.name()));
  }
  if (batch < 1 || batch > kMaxBatch) {
    throw InvalidArgument("batch", std::to_string(batch), fmt::format("1 to {}", kMaxBatch));
  }
  if (particles < 1 || particles > kMaxParticles) {
    throw InvalidArgument("particles", std::to_string(particles),
                          fmt::format("1 to {}", kMaxParticles));
  }
  if (order == Order::epochs && !world.is_data()) {
    throw InvalidArgument("order", "epochs", "iid, or a data set");
  }
  if (machines.empty()) throw InvalidArgument("machines", "0", "at least one");
  for (const auto& setting : settings) {
    const auto layers = topology.layer_sizes().size();
    if (setting.rates.generative.size() != layers ||
        setting.rates.recognition.size() != layers - 1 ||
        setting.rates.recognition_wake.size() != layers - 1) {
      throw InvalidArgument("lr", "rates for another topology",
                            fmt::format("rates for layers {}", topology.to_string()));
    }
    setting.optimizer.validate();
  }
  const auto fits = [&](const Machine& machine) { return machine.setting < settings.size(); };
  if (!std::all_of(machines.begin(), machines.end(), fits)) {
    throw InvalidArgument("machines", "a setting out of range",
                          fmt::format("numbers below {}", settings.size()));
  }
}

namespace {

/// ln(p / (1 - p)), with p kept away from 0 and 1.
float clamped_logit(double p) {
  const double q = std::clamp(p, 0.001, 0.999);
  return static_cast<float>(portable::log(q / (1 - q)));
}

void draw_normal(std::uint64_t seed, double scale, std::span<float> out) {
  const RandomStream stream{.seed = seed, .purpose = RandomPurpose::initial_parameters, .row = 0};
  for (std::size_t k = 0; k < out.size(); k += 4) {
    const auto words = random_block(stream, k / 4);
    for (std::size_t i = 0; i < 4 && k + i < out.size(); ++i) {
      const double p = (words[i] + 0.5) * 0x1p-32;
      // + 0.0F: no parameter is ever -0, which a masked and an unmasked update would treat apart.
      out[k + i] = static_cast<float>(scale * portable::normal_quantile(p)) + 0.0F;
    }
  }
}

void set_visible_biases(const Ensemble& ensemble, const Initialisation& init,
                        std::span<float> biases) {
  using VisibleBias = Initialisation::VisibleBias;
  if (init.visible_bias == VisibleBias::value) {
    std::fill(biases.begin(), biases.end(), static_cast<float>(init.visible_bias_value) + 0.0F);
  } else if (init.visible_bias == VisibleBias::marginal) {
    const auto marginals = ensemble.world.marginals();
    std::transform(marginals.begin(), marginals.end(), biases.begin(), clamped_logit);
  }
}

}  // namespace

Ensemble make_ensemble(Topology topology, World world, std::span<const std::uint64_t> seeds,
                       const LearningRateOptions& rates) {
  Ensemble ensemble{.topology = std::move(topology), .world = std::move(world)};
  ensemble.settings = {{.rates = rates.resolve(ensemble.topology)}};
  for (const auto seed : seeds) ensemble.machines.push_back({.seed = seed});
  return ensemble;
}

std::vector<std::uint64_t> seed_range(std::uint64_t first, std::uint64_t last) {
  if (first > last) {
    throw InvalidArgument("seeds", fmt::format("{}:{}", first, last), "first <= last");
  }
  std::vector<std::uint64_t> seeds(last - first);
  std::iota(seeds.begin(), seeds.end(), first);
  return seeds;
}

std::size_t optimizer_state_floats(const Ensemble& ensemble, std::size_t m) {
  const auto all = ensemble.topology.parameters();
  return optimizer_state_floats(ensemble.hyperparameters(m), all,
                                all - ensemble.topology.generative_parameters());
}

void initial_parameters(const Ensemble& ensemble, std::size_t m, std::span<float> out) {
  const auto& init = ensemble.hyperparameters(m).initialisation;
  std::fill(out.begin(), out.end(), 0.0F);
  if (init.scale > 0) draw_normal(ensemble.machines[m].seed, init.scale, out);
  const auto& visible = ensemble.topology.generative(ensemble.topology.last());
  const auto outputs = static_cast<std::size_t>(visible.outputs);
  set_visible_biases(ensemble, init, out.subspan(visible.bias, outputs));
  if (ensemble.nonnegative) {
    for (auto& w : out.subspan(visible.weights, visible.bias - visible.weights)) {
      w = w > 0.0F ? w : 0.0F;
    }
  }
}

bool starts_at_zero(const Ensemble& ensemble) {
  using VisibleBias = Initialisation::VisibleBias;
  return std::ranges::all_of(ensemble.settings, [](const Hyperparameters& setting) {
    const auto& init = setting.initialisation;
    return init.scale == 0 && init.visible_bias == VisibleBias::as_drawn;
  });
}

std::uint64_t parameters_digest(std::span<const float> parameters) {
  return XXH3_64bits(parameters.data(), parameters.size_bytes());
}

bool has_diverged(std::span<const float> parameters) {
  return std::any_of(parameters.begin(), parameters.end(),
                     [](float w) { return !(std::abs(w) <= kDivergedMagnitude); });
}

}  // namespace helmholtz
