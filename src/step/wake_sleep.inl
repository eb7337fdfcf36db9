// A step of wake-sleep and of reweighted wake-sleep: its order, written once for every backend but
// the reference; and the exact class's layers for wake-sleep, written once for every device and for
// sizes known at compile time or at run time (reweighted.inl adds particles).
//
// No include guard: included into a namespace of its user's. Before that, HELMHOLTZ_FN must hold
// the function attributes and HELMHOLTZ_BODY those of a lambda that is always inlined. Who
// instantiates the layers includes exact_arithmetic.inl before, with the operations `O`.

// The order. `Machine`, with batch rows one after the other or all at once:
//   shape()            LayerShape, or what has last() and kStatic as it does
//   rows()             rows that come one after the other; 1: the whole batch is one
//   draw_pattern(row)  shows a pattern of the world; returns the row's draws of the wake phase
//   begin_dream(row)   returns the row's draws of the sleep phase
//   sample(layer, draws)  the states of a NetworkLayer given its source's
//   learn_awake(network)  the delta rule of the wake phase, for all layers from the parameters as
//                      they were; of the recognition network if
//   learns_awake()     it learns in that phase too
//   learn_asleep()     the delta rule of the sleep phase, of the recognition network
//   apply(network)     ends a phase: what the network has learnt counts from here on
//   kParticlesInTurn   whether it takes the particles of a row one after the other, to be weighed
//                      here: else learn_awake() knows of them, if there are several; if so, also
//   particles()        of each row
//   begin_particle(row, k)    shows the row's pattern; returns the particle's draws
//   recognise(layer, draws)   as sample(), and what the states say of the particle's weight
//   score(layer)       what a generative layer, given its source's states, says of it
//   weigh(k)           the logarithm of the particle's weight
//   normalise()        the weights of the row's particles add up to 1: learn_awake() goes by them

/// body(NetworkLayer) for a network's layers, in the order in which it samples them: the generative
/// network's top down, the recognition network's bottom up.
template <class Network, class Shape, class Body>
HELMHOLTZ_FN void for_each_layer(Network, const Shape& shape, Body body) {
  constexpr bool kDown = Network::value == step::Network::generative;
  if constexpr (Shape::kStatic) {
    [&]<int... i>(std::integer_sequence<int, i...>) HELMHOLTZ_BODY {
      (body(step::NetworkLayer<Network::value, step::Index<kDown ? i : Shape::kLast - 1 - i>>{}),
       ...);
    }
    (std::make_integer_sequence<int, Shape::kLast + (kDown ? 1 : 0)>());
  } else {
    const int layers = shape.last() + (kDown ? 1 : 0);
    for (int i = 0; i < layers; ++i) {
      body(step::NetworkLayer<Network::value, int>{kDown ? i : layers - 1 - i});
    }
  }
}

/// Samples a network's layers.
template <class Network, class Machine, class Draws>
HELMHOLTZ_FN void sample_network(Network network, Machine& machine, Draws draws) {
  for_each_layer(network, machine.shape(),
                 [&](auto layer) HELMHOLTZ_BODY { machine.sample(layer, draws); });
}

/// Recognises a row's pattern once per particle. Each recognition is to teach by its weight, the
/// probability that the generative network gives to it over that of the recognition network.
template <class Machine>
HELMHOLTZ_FN void recognise_particles(Machine& machine, int row) {
  for (int k = 0; k < machine.particles(); ++k) {
    const auto draws = machine.begin_particle(row, k);
    for_each_layer(step::Recognition(), machine.shape(),
                   [&](auto layer) HELMHOLTZ_BODY { machine.recognise(layer, draws); });
    for_each_layer(step::Generative(), machine.shape(),
                   [&](auto layer) HELMHOLTZ_BODY { machine.score(layer); });
    machine.weigh(k);
  }
  machine.normalise();
}

/// One step. Wake: recognises patterns, and the generative network learns to reproduce each layer;
/// of reweighted wake-sleep the recognition network too. Sleep: dreams patterns, and the
/// recognition network learns to recover each layer.
template <class Machine>
HELMHOLTZ_FN void train_step(Machine& machine) {
  for (int row = 0; row < machine.rows(); ++row) {
    if constexpr (Machine::kParticlesInTurn) {
      recognise_particles(machine, row);
    } else {
      sample_network(step::Recognition(), machine, machine.draw_pattern(row));
    }
    machine.learn_awake(step::Generative());
    if (machine.learns_awake()) machine.learn_awake(step::Recognition());
  }
  machine.apply(step::Generative());
  if (machine.learns_awake()) machine.apply(step::Recognition());
  for (int row = 0; row < machine.rows(); ++row) {
    sample_network(step::Generative(), machine, machine.begin_dream(row));
    machine.learn_asleep();
  }
  machine.apply(step::Recognition());
}

/// A machine that takes the rows of a batch one after the other.
///
/// `Layers`: shape(); show_pattern(word); sample(layer, words), words from the phase's first slot
/// on; learn(layer, rate); apply_deltas(network), what a batch has learnt; clamp_visible_weights().
/// `Step`: rows(); nonnegative_weights(); draw(row, begin, end), the words of slots [begin, end);
/// rate(r).
template <class Layers, class Step>
struct RowByRow {
  static constexpr bool kParticlesInTurn = false;

  Layers layers;
  Step step;

  [[nodiscard]] HELMHOLTZ_FN const auto& shape() const { return layers.shape(); }
  [[nodiscard]] HELMHOLTZ_FN int rows() const { return step.rows(); }

  HELMHOLTZ_FN auto draw_pattern(int row) {
    const auto words = step.draw(row, draws::kPattern, draws::dream(shape()));
    layers.show_pattern(words[draws::kPattern]);
    return words;
  }
  HELMHOLTZ_FN auto begin_dream(int row) {
    const int begin = draws::dream(shape());
    return step.draw(row, begin, begin + shape().units());
  }
  template <class Layer, class Words>
  HELMHOLTZ_FN void sample(Layer layer, Words words) {
    layers.sample(layer, words);
  }
  static constexpr HELMHOLTZ_FN bool learns_awake() { return false; }
  template <class Network>
  HELMHOLTZ_FN void learn_awake(Network network) {
    learn(network);
  }
  HELMHOLTZ_FN void learn_asleep() { learn(step::Recognition()); }
  template <class Network>
  HELMHOLTZ_FN void apply(Network network) {
    if (rows() > 1) layers.apply_deltas(network);
    if (network == step::Network::generative && step.nonnegative_weights())
      layers.clamp_visible_weights();
  }

 private:
  template <class Network>
  HELMHOLTZ_FN void learn(Network network) {
    for_each_layer(network, shape(), [&](auto layer) HELMHOLTZ_BODY {
      layers.learn(layer, step.rate(layer.rate(shape())));
    });
  }
};

// The layers: machines side by side, one machine per lane.
//
// Beside exact_arithmetic.inl's list, `O` has: Bit, one unit's state in every lane; bit(B) -> Bit;
// add_if(bit, sum, x) = sum + (bit ? x : 0); error(bit, p) = bit - p; kTile, the most outputs of a
// static shape's tile, whose sums stay in registers. `Shape`: step::StaticShape or
// LayerShape. `Store`: load(k) and store(k, x) of parameter k. `Patterns`: draw(word,
// bits), the visible units of a drawn pattern. `Units` and `Words`: pointers to Bits and Us, or
// what behaves like them: x[i], x + i. `Layer`: a step::NetworkLayer.

/// body(0), …, body(n-1), unrolled.
template <int n, class Body>
HELMHOLTZ_FN void repeat(Body body) {
  [&]<int... i>(std::integer_sequence<int, i...>) HELMHOLTZ_BODY { (body(i), ...); }
  (std::make_integer_sequence<int, n>());
}

/// body(i) for a layer's inputs, unrolled if their number is a constant.
template <class Layer, class Body>
HELMHOLTZ_FN void for_each_input(const Layer& layer, Body body) {
  if constexpr (Layer::kStatic) {
    repeat<Layer::inputs>(body);
  } else {
    for (int i = 0; i < layer.inputs; ++i) body(i);
  }
}

/// Calls body(first output, Index<tile size>) for tiles that cover a layer's outputs.
template <class O, class Layer, class Body>
HELMHOLTZ_FN void for_each_tile(const Layer& layer, Body body) {
  if constexpr (Layer::kStatic) {
    constexpr int kTiles = (Layer::outputs + O::kTile - 1) / O::kTile;
    constexpr int kSize = Layer::outputs / kTiles;
    constexpr int kLarger = Layer::outputs % kTiles;  // tiles with one output more
    constexpr int kDone = kLarger * (kSize + 1);
    repeat<kLarger>([&](int t) HELMHOLTZ_BODY { body(t * (kSize + 1), step::Index<kSize + 1>()); });
    repeat<kTiles - kLarger>([&](int t)
                                 HELMHOLTZ_BODY { body(kDone + t * kSize, step::Index<kSize>()); });
  } else {
    int j = 0;
    for (; j + 8 <= layer.outputs; j += 8) body(j, step::Index<8>());
    if (j + 4 <= layer.outputs) {
      body(j, step::Index<4>());
      j += 4;
    }
    for (; j < layer.outputs; ++j) body(j, step::Index<1>());
  }
}

/// The `Patterns` of machines that only generate.
struct NoPatterns {};

/// The `Layers` of RowByRow.
template <class O, class Shape, class Store, class Patterns, class Units = typename O::Bit*>
class WakeSleep {
 public:
  using F = typename O::F;
  using Bit = typename O::Bit;

  /// @param shape   outlives the machine
  /// @param deltas  where updates go: the parameters themselves when a batch has one row
  /// @param units   [units], scratch: the states, layer 0 first
  HELMHOLTZ_FN WakeSleep(const Shape& shape, Store parameters, Store deltas, Patterns patterns,
                         Units units)
      : shape_(shape),
        parameters_(parameters),
        deltas_(deltas),
        patterns_(patterns),
        units_(units) {}

  [[nodiscard]] HELMHOLTZ_FN const Shape& shape() const { return shape_; }

  HELMHOLTZ_FN void show_pattern(typename O::U word) {
    patterns_.draw(word, layer_units(shape_.last()));
  }

  template <class Layer, class Words>
  HELMHOLTZ_FN void sample(Layer which, Words words) {
    const auto& layer = which.view(shape_);
    const Words own_words = words + which.slot(shape_);
    const Units inputs = layer_units(which.source());
    const Units outputs = layer_units(which.l);
    for_each_tile<O>(layer, [&](int j, auto tile) HELMHOLTZ_BODY {
      F a[tile];
      activities(layer, inputs, j, a);
      repeat<tile>([&](int t) HELMHOLTZ_BODY {
        outputs[j + t] = O::bit(fires<O>(one_plus_exp_minus<O>(a[t]), own_words[j + t]));
      });
    });
  }

  /// The delta rule: W += rate * (target - p) input^T, b += rate * (target - p).
  template <class Layer>
  HELMHOLTZ_FN void learn(Layer which, F rate) {
    const auto& layer = which.view(shape_);
    const Units inputs = layer_units(which.source());
    const Units targets = layer_units(which.l);
    for_each_tile<O>(layer, [&](int j, auto tile) HELMHOLTZ_BODY {
      F delta[tile];
      activities(layer, inputs, j, delta);
      repeat<tile>([&](int t) HELMHOLTZ_BODY {
        delta[t] = O::mul(rate, O::error(targets[j + t], sigmoid<O>(delta[t])));
        const auto bias = layer.bias + static_cast<std::size_t>(j + t);
        deltas_.store(bias, O::add(deltas_.load(bias), delta[t]));
      });
      for_each_input(layer, [&](int i) HELMHOLTZ_BODY {
        const Bit on = inputs[i];
        repeat<decltype(tile)::value>([&](int t) HELMHOLTZ_BODY {
          const auto k = weight(layer, j + t, i);
          deltas_.store(k, O::add_if(on, deltas_.load(k), delta[t]));
        });
      });
    });
  }

  /// Adds the batch's deltas to a network's parameters and clears them.
  HELMHOLTZ_FN void apply_deltas(step::Network network) {
    const bool generative = network == step::Network::generative;
    const auto end = generative ? shape_.generative_parameters() : shape_.parameters();
    for (auto k = generative ? 0 : shape_.generative_parameters(); k < end; ++k) {
      parameters_.store(k, O::add(parameters_.load(k), deltas_.load(k)));
      deltas_.store(k, O::set(0.0F));
    }
  }

  /// W_L = max(W_L, 0)
  HELMHOLTZ_FN void clamp_visible_weights() {
    const auto& layer = step::visible_layer(shape_).view(shape_);
    for (std::size_t k = layer.weights; k < layer.bias; ++k) {
      parameters_.store(k, O::max(parameters_.load(k), O::set(0.0F)));
    }
  }

 protected:
  [[nodiscard]] HELMHOLTZ_FN Units layer_units(int l) const {
    return units_ + shape_.unit_offset(l);
  }

  /// a[t] = b_j + sum_i W_ji input_i for j = first + t: bias first, then the inputs in order, in
  /// partial sums of kChunk.
  template <class Layer, int tile>
  HELMHOLTZ_FN void activities(const Layer& layer, Units inputs, int first, F (&a)[tile]) {
    repeat<tile>([&](int t) HELMHOLTZ_BODY {
      a[t] = parameters_.load(layer.bias + static_cast<std::size_t>(first + t));
    });
    if constexpr (Layer::kStatic) {
      static_assert(Layer::inputs <= kActivityChunk, "the partial sums are for sizes at run time");
      for_each_input(layer, [&](int i) HELMHOLTZ_BODY { add_input(layer, inputs, first, i, a); });
    } else {
      add_chunks(layer, inputs, first, a);
    }
  }

  template <class Layer, int tile>
  HELMHOLTZ_FN void add_chunks(const Layer& layer, Units inputs, int first, F (&a)[tile]) {
    const int head = layer.inputs < kActivityChunk ? layer.inputs : kActivityChunk;
    for (int i = 0; i < head; ++i) add_input(layer, inputs, first, i, a);
    for (int begin = kActivityChunk; begin < layer.inputs; begin += kActivityChunk) {
      F partial[tile];
      repeat<tile>([&](int t) HELMHOLTZ_BODY { partial[t] = O::set(0.0F); });
      const int end = layer.inputs < begin + kActivityChunk ? layer.inputs : begin + kActivityChunk;
      for (int i = begin; i < end; ++i) add_input(layer, inputs, first, i, partial);
      repeat<tile>([&](int t) HELMHOLTZ_BODY { a[t] = O::add(a[t], partial[t]); });
    }
  }

  /// Adds the weights of one input to a tile's sums where the input is 1.
  template <class Layer, int tile>
  HELMHOLTZ_FN void add_input(const Layer& layer, Units inputs, int first, int i, F (&sums)[tile]) {
    const Bit on = inputs[i];
    repeat<tile>([&](int t) HELMHOLTZ_BODY {
      sums[t] = O::add_if(on, sums[t], parameters_.load(weight(layer, first + t, i)));
    });
  }

  template <class Layer>
  static HELMHOLTZ_FN std::size_t weight(const Layer& layer, int j, int i) {
    return layer.weights + static_cast<std::size_t>(j * layer.inputs + i);
  }

  const Shape& shape_;
  Store parameters_;
  Store deltas_;
  Patterns patterns_;
  Units units_;
};
