// Reweighted wake-sleep's wake phase for the exact class's layers: what wake_sleep.inl's RowByRow
// and WakeSleep lack of it, written once for every device.
//
// No include guard: included behind wake_sleep.inl, with what that needs.

/// A machine that takes the rows of a batch, and the particles of a row, one after the other.
///
/// `Layers` besides: choose_particle(k); begin_particle(word); recognise(layer, words);
/// score(layer); weigh(k); normalise(particles); learn_weighted(layer, rate, particles, one_row).
/// `Step` besides: particles(); learns_awake(); rate(r) of wake rates too.
template <class Layers, class Step>
struct ReweightedRowByRow : RowByRow<Layers, Step> {
  static constexpr bool kParticlesInTurn = true;
  using RowByRow<Layers, Step>::layers;
  using RowByRow<Layers, Step>::step;
  using RowByRow<Layers, Step>::shape;
  using RowByRow<Layers, Step>::rows;

  [[nodiscard]] HELMHOLTZ_FN int particles() const { return step.particles(); }
  [[nodiscard]] HELMHOLTZ_FN bool learns_awake() const { return step.learns_awake(); }

  HELMHOLTZ_FN auto begin_particle(int row, int k) {
    layers.choose_particle(k);
    const auto words = step.draw(stream_row(row, k), draws::kPattern, draws::dream(shape()));
    layers.begin_particle(k, words[draws::kPattern]);
    return words;
  }
  HELMHOLTZ_FN auto begin_dream(int row) {
    layers.choose_particle(0);
    return RowByRow<Layers, Step>::begin_dream(stream_row(row, 0));
  }
  template <class Layer, class Words>
  HELMHOLTZ_FN void recognise(Layer layer, Words words) {
    layers.recognise(layer, words);
  }
  template <class Layer>
  HELMHOLTZ_FN void score(Layer layer) {
    layers.score(layer);
  }
  HELMHOLTZ_FN void weigh(int k) { layers.weigh(k); }
  HELMHOLTZ_FN void normalise() { layers.normalise(particles()); }
  template <class Network>
  HELMHOLTZ_FN void learn_awake(Network network) {
    for_each_layer(network, shape(), [&](auto layer) HELMHOLTZ_BODY {
      layers.learn_weighted(layer, step.rate(layer.wake_rate(shape())), particles(), rows() == 1);
    });
  }

 private:
  /// Of the random streams: b * K + k, which fits 32 bits.
  [[nodiscard]] HELMHOLTZ_FN int stream_row(int row, int k) const {
    return static_cast<int>(static_cast<std::uint32_t>(row) *
                                static_cast<std::uint32_t>(particles()) +
                            static_cast<std::uint32_t>(k));
  }
};

/// Where the particles of a row are, as the layers' scratch.
template <class Units, class Values>
struct ParticleMemory {
  Units units;  ///< [K][units()]: the states, layer 0 first
  /// [K][step::errors_per_particle]: state - p, of generative units, then of recognition ones
  Values errors;
  Values weights;  ///< [K]
};

/// The `Layers` of ReweightedRowByRow. An activity is computed once per particle and network: what
/// it says of the weight is multiplied up, and its error is kept until the weight is known.
template <class O, class Shape, class Store, class Patterns, class Units = typename O::Bit*,
          class Values = typename O::F*>
class ReweightedWakeSleep : public WakeSleep<O, Shape, Store, Patterns, Units> {
  using Base = WakeSleep<O, Shape, Store, Patterns, Units>;

 public:
  using F = typename O::F;
  using Bit = typename O::Bit;

  /// @param deltas  as of WakeSleep
  HELMHOLTZ_FN ReweightedWakeSleep(const Shape& shape, Store parameters, Store deltas,
                                   Patterns patterns, ParticleMemory<Units, Values> particles)
      : Base(shape, parameters, deltas, patterns, particles.units), particles_(particles) {}

  /// Whose states sample() and learn() take.
  HELMHOLTZ_FN void choose_particle(int k) {
    this->units_ = units_of(k);
    errors_ = errors_of(k);
  }

  /// Shows the pattern of a word to particle 0; the others have the same.
  HELMHOLTZ_FN void begin_particle(int k, typename O::U word) {
    const int visible = this->shape_.hidden_units();
    if (k == 0) {
      this->show_pattern(word);
    } else {
      for (int i = visible; i < this->shape_.units(); ++i) this->units_[i] = particles_.units[i];
    }
    p_ = LogProbability<O>(this->shape_.units());
    q_ = LogProbability<O>(this->shape_.hidden_units());
  }

  template <class Layer, class Words>
  HELMHOLTZ_FN void recognise(Layer which, Words words) {
    const Words own_words = words + which.slot(this->shape_);
    const Units states = this->layer_units(which.l);
    judge(which, q_, [&](int j, F d) HELMHOLTZ_BODY {
      states[j] = O::bit(fires<O>(d, own_words[j]));
      return Bit(states[j]);
    });
  }

  template <class Layer>
  HELMHOLTZ_FN void score(Layer which) {
    const Units states = this->layer_units(which.l);
    judge(which, p_, [&](int j, F) HELMHOLTZ_BODY { return Bit(states[j]); });
  }

  HELMHOLTZ_FN void weigh(int k) { particles_.weights[k] = LogProbability<O>::log_ratio(p_, q_); }
  HELMHOLTZ_FN void normalise(int particles) {
    normalise_weights<O>(particles_.weights, particles);
  }

  /// The delta rule, from all particles: W += sum_k w_k * rate * (target - p) input^T. Within a
  /// batch the sum goes on from the deltas of the rows before.
  template <class Layer>
  HELMHOLTZ_FN void learn_weighted(Layer which, F rate, int particles, bool one_row) {
    const auto& layer = which.view(this->shape_);
    for_each_tile<O>(layer, [&](int j, auto tile) HELMHOLTZ_BODY {
      weigh_errors(error_offset(which) + j, tile, rate, particles);
      learn_bias(which, j, tile, particles, one_row);
      for_each_input(
          layer, [&](int i) HELMHOLTZ_BODY { learn_input(which, j, tile, i, particles, one_row); });
    });
  }

 private:
  /// Adds a layer's states to ln p or ln q, and keeps their errors. @param state  (j, D) of unit j
  template <class Layer, class State>
  HELMHOLTZ_FN void judge(Layer which, LogProbability<O>& sum, State state) {
    const auto& layer = which.view(this->shape_);
    const Units inputs = this->layer_units(which.source());
    const Values errors = errors_ + error_offset(which);
    for_each_tile<O>(layer, [&](int j, auto tile) HELMHOLTZ_BODY {
      F a[tile];
      this->activities(layer, inputs, j, a);
      repeat<tile>([&](int t) HELMHOLTZ_BODY {
        const F activity = clamped<O>(a[t]);
        const F d = one_plus_exp_minus_clamped<O>(activity);
        const Bit on = state(j + t, d);
        sum.add(activity, d, on);
        errors[j + t] = O::error(on, reciprocal<O>(d));
      });
    });
  }

  /// errors = w_k * (rate * errors), for the units of a tile and all particles.
  template <class Tile>
  HELMHOLTZ_FN void weigh_errors(int first, Tile, F rate, int particles) {
    for (int k = 0; k < particles; ++k) {
      const Values errors = errors_of(k) + first;
      const F weight = particles_.weights[k];
      repeat<Tile::value>(
          [&](int t) HELMHOLTZ_BODY { errors[t] = O::mul(weight, O::mul(rate, errors[t])); });
    }
  }

  template <class Layer, class Tile>
  HELMHOLTZ_FN void learn_bias(Layer which, int j, Tile, int particles, bool one_row) {
    const auto& layer = which.view(this->shape_);
    const int first = error_offset(which) + j;
    F sums[Tile::value];
    const auto bias = [&](int t)
                          HELMHOLTZ_BODY { return layer.bias + static_cast<std::size_t>(j + t); };
    repeat<Tile::value>([&](int t) HELMHOLTZ_BODY { sums[t] = delta_so_far(bias(t), one_row); });
    for (int k = 0; k < particles; ++k) {
      const Values deltas = errors_of(k) + first;
      repeat<Tile::value>([&](int t) HELMHOLTZ_BODY { sums[t] = O::add(sums[t], deltas[t]); });
    }
    repeat<Tile::value>([&](int t) HELMHOLTZ_BODY { keep_delta(bias(t), sums[t], one_row); });
  }

  /// The weights of one input.
  template <class Layer, class Tile>
  HELMHOLTZ_FN void learn_input(Layer which, int j, Tile, int i, int particles, bool one_row) {
    const auto& layer = which.view(this->shape_);
    const int first = error_offset(which) + j;
    const int input = this->shape_.unit_offset(which.source()) + i;
    F sums[Tile::value];
    repeat<Tile::value>([&](int t) HELMHOLTZ_BODY {
      sums[t] = delta_so_far(Base::weight(layer, j + t, i), one_row);
    });
    for (int k = 0; k < particles; ++k) {
      const Values deltas = errors_of(k) + first;
      const Bit on = units_of(k)[input];
      repeat<Tile::value>([&](int t)
                              HELMHOLTZ_BODY { sums[t] = O::add_if(on, sums[t], deltas[t]); });
    }
    repeat<Tile::value>(
        [&](int t) HELMHOLTZ_BODY { keep_delta(Base::weight(layer, j + t, i), sums[t], one_row); });
  }

  /// Of one row the deltas are applied at once: no activity is left to compute.
  [[nodiscard]] HELMHOLTZ_FN F delta_so_far(std::size_t k, bool one_row) const {
    return one_row ? O::set(0.0F) : this->deltas_.load(k);
  }
  HELMHOLTZ_FN void keep_delta(std::size_t k, F delta, bool one_row) {
    if (one_row) {
      this->parameters_.store(k, O::add(this->parameters_.load(k), delta));
    } else {
      this->deltas_.store(k, delta);
    }
  }

  template <class Layer>
  [[nodiscard]] HELMHOLTZ_FN int error_offset(Layer which) const {
    return step::error_offset(which, this->shape_);
  }
  [[nodiscard]] HELMHOLTZ_FN Units units_of(int k) const {
    return particles_.units + k * this->shape_.units();
  }
  [[nodiscard]] HELMHOLTZ_FN Values errors_of(int k) const {
    return particles_.errors + k * step::errors_per_particle(this->shape_);
  }

  ParticleMemory<Units, Values> particles_;
  Values errors_ = particles_.errors;  ///< of the chosen particle
  LogProbability<O> p_{0};
  LogProbability<O> q_{0};
};
