#pragma once

#include "kernels/fused/fused_task.hpp"
#include "kernels/fused/group_layers.hpp"

/// What several lanes per machine do with particles (step/reweighted.inl).
namespace helmholtz::cuda {

/// Where the particles of a row are, in memory that a machine's lanes share.
struct GroupParticles {
  std::uint32_t* masks;  ///< [K][mask words]
  float* activities;     ///< [K][step::errors_per_particle]: clamped; generative units first
  float* divisors;       ///< the same of D; then of deltas
  float* weights;        ///< [K]

  /// Words of 32 bits that they take.
  static HELMHOLTZ_DEVICE_HOST std::size_t words(const FusedTask& task, bool reweighted) {
    const auto judged = 2 * static_cast<std::size_t>(step::errors_per_particle(task.shape));
    const auto masks = static_cast<std::size_t>(task.shape.mask_words());
    return reweighted ? task.particles * (masks + judged + 1) : masks;
  }
  /// @param memory  [words]
  HELMHOLTZ_DEVICE GroupParticles(const FusedTask& task, std::uint32_t* memory) : masks(memory) {
    const auto judged =
        task.particles * static_cast<std::size_t>(step::errors_per_particle(task.shape));
    activities = reinterpret_cast<float*>(
        memory + task.particles * static_cast<std::size_t>(task.shape.mask_words()));
    divisors = activities + judged;
    weights = divisors + judged;
  }
};

/// The `Layers` of ReweightedRowByRow. A lane computes the activities of its own outputs; one lane
/// multiplies up what they say of a particle's weight, in the fixed order.
template <class Shape, class Group, class Weights>
class ReweightedGroupLayers : public GroupLayers<Shape, Group, Weights> {
  using Base = GroupLayers<Shape, Group, Weights>;

 public:
  HELMHOLTZ_DEVICE ReweightedGroupLayers(const Shape& shape, const ShownPatterns& patterns,
                                         Weights weights, Weights deltas,
                                         const GroupParticles& particles, const Group& group)
      : Base(shape, patterns, weights, deltas, particles.masks, group), particles_(particles) {}

  HELMHOLTZ_DEVICE void choose_particle(int k) {
    k_ = k;
    this->masks_ = particles_.masks + k * this->shape_.mask_words();
  }

  /// Shows the pattern of a word to particle 0; the others have the same.
  HELMHOLTZ_DEVICE void begin_particle(int k, std::uint32_t word) const {
    if (k == 0) return this->show_pattern(word);
    const int first = this->shape_.mask_offset(this->shape_.last());
    this->group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int w = first + lane; w < this->shape_.mask_words(); w += Group::lanes()) {
        this->masks_[w] = particles_.masks[w];
      }
    });
    this->group_.sync();
  }

  template <class Layer>
  HELMHOLTZ_DEVICE void recognise(Layer which, const std::uint32_t* words) const {
    const int first = error_offset(which);
    this->sample_judged(which, words, [&](int j, float activity) HELMHOLTZ_DEVICE_BODY {
      return judge(first + j, activity);
    });
  }

  template <class Layer>
  HELMHOLTZ_DEVICE void score(Layer which) const {
    const auto& layer = which.view(this->shape_);
    const std::uint32_t* const inputs = this->masks(which.source());
    const int first = error_offset(which);
    for_each_output(this->group_, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
      judge(first + j, this->activity(layer, inputs, lane, round, j));
    });
  }

  HELMHOLTZ_DEVICE void weigh(int) const {}  // all particles at a time, a lane each

  HELMHOLTZ_DEVICE void normalise(int particles) const {
    this->group_.sync();
    this->group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int k = lane; k < particles; k += Group::lanes()) {
        particles_.weights[k] = LogProbability<FloatOps>::log_ratio(
            log_probability(step::Generative(), k, this->shape_.units()),
            log_probability(step::Recognition(), k, this->shape_.hidden_units()));
      }
    });
    this->group_.sync();
    this->group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      if (lane == 0) normalise_weights<FloatOps>(particles_.weights, particles);
    });
    this->group_.sync();
  }

  /// The delta rule, from all particles, as ReweightedWakeSleep's.
  template <class Layer>
  HELMHOLTZ_DEVICE void learn_weighted(Layer which, float rate, int particles, bool one_row) const {
    const auto& layer = which.view(this->shape_);
    for_each_output(this->group_, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
      float* const deltas = particles_.divisors + error_offset(which) + j;
      const int each = step::errors_per_particle(this->shape_);
      for (int k = 0; k < particles; ++k) {
        const float error =
            FloatOps::error(state(k, which.l, j), reciprocal<FloatOps>(deltas[k * each]));
        deltas[k * each] = FloatOps::mul(particles_.weights[k], FloatOps::mul(rate, error));
      }
      const auto at = [&](int i) HELMHOLTZ_DEVICE_BODY -> float& {
        return this->deltas_.at(layer, lane, round, j, i);
      };
      if constexpr (Weights::kOneRow) {
        add_in_registers(layer, which.source(), deltas, particles, at);
      } else {
        for (int i = 0; i <= layer.inputs; ++i) {
          float sum = one_row ? 0.0F : at(i);
          for (int k = 0; k < particles; ++k) {
            const bool on = i == layer.inputs || state(k, which.source(), i) != 0;
            if (on) sum = FloatOps::add(sum, deltas[k * each]);
          }
          at(i) = one_row ? FloatOps::add(at(i), sum) : sum;
        }
      }
    });
  }

 private:
  /// What a row teaches the weights of an output, which are registers: no index at run time.
  /// @param at  (i) the weight of input i, or the bias
  template <class View, class At>
  HELMHOLTZ_DEVICE void add_in_registers(const View& layer, int source, const float* deltas,
                                         int particles, At at) const {
    constexpr int kBias = View::inputs;
    float sums[kBias + 1];
    repeat<kBias + 1>([&](int i) HELMHOLTZ_DEVICE_BODY { sums[i] = 0; });
    for (int k = 0; k < particles; ++k) {
      const float delta = deltas[k * step::errors_per_particle(this->shape_)];
      const std::uint32_t* const inputs = masks_of(k, source);
      std::uint32_t on = 0;
      for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY {
        if (i % 32 == 0) on = inputs[i / 32];
        if (((on >> (i % 32)) & 1U) != 0) sums[i] = FloatOps::add(sums[i], delta);
      });
      sums[kBias] = FloatOps::add(sums[kBias], delta);
    }
    repeat<kBias + 1>([&](int i) HELMHOLTZ_DEVICE_BODY { at(i) = FloatOps::add(at(i), sums[i]); });
  }

  /// Keeps what the chosen particle's unit says of its weight. @return D
  HELMHOLTZ_DEVICE float judge(int unit, float activity) const {
    const int at = k_ * step::errors_per_particle(this->shape_) + unit;
    const float a = clamped<FloatOps>(activity);
    const float d = FloatOps::add(exp_minus<FloatOps>(a), 1.0F);
    particles_.activities[at] = a;
    particles_.divisors[at] = d;
    return d;
  }

  /// Of particle k: its network's units in the order in which they are sampled.
  template <class Network>
  [[nodiscard]] HELMHOLTZ_DEVICE LogProbability<FloatOps> log_probability(Network network, int k,
                                                                          int units) const {
    LogProbability<FloatOps> sum(units);
    for_each_layer(network, this->shape_, [&](auto which) HELMHOLTZ_DEVICE_BODY {
      const int first = k * step::errors_per_particle(this->shape_) + error_offset(which);
      for (int j = 0; j < this->shape_.size(which.l); ++j) {
        sum.add(particles_.activities[first + j], particles_.divisors[first + j],
                state(k, which.l, j));
      }
    });
    return sum;
  }

  /// Layer l's states of particle k.
  [[nodiscard]] HELMHOLTZ_DEVICE const std::uint32_t* masks_of(int k, int l) const {
    return particles_.masks + k * this->shape_.mask_words() + this->shape_.mask_offset(l);
  }
  /// 0 or 1
  [[nodiscard]] HELMHOLTZ_DEVICE float state(int k, int l, int j) const {
    return FloatOps::bit(((masks_of(k, l)[j / 32] >> (j % 32)) & 1U) != 0);
  }

  template <class Layer>
  [[nodiscard]] HELMHOLTZ_DEVICE int error_offset(Layer which) const {
    return step::error_offset(which, this->shape_);
  }

  GroupParticles particles_;
  int k_ = 0;  ///< the chosen one
};

}  // namespace helmholtz::cuda
