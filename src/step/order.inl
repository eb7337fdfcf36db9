// The order of a wake-sleep step, written once for every backend but the reference.
//
// No include guard: included into a namespace of its user's, with HELMHOLTZ_FN and HELMHOLTZ_BODY
// as for wake_sleep.inl.
//
// `Machine`, with batch rows one after the other or all at once:
//   shape()            LayerShape, or what has last() and kStatic as it does
//   rows()             rows that come one after the other; 1: the whole batch is one
//   draw_pattern(row)  shows a pattern of the world; returns the row's draws of the wake phase
//   begin_dream(row)   returns the row's draws of the sleep phase
//   sample(layer, draws)  the states of a NetworkLayer given its source's
//   learn(network)     the delta rule, for all layers from the parameters as they were
//   apply(network)     ends a phase: what the network has learnt counts from here on

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

/// One step. Wake: recognises patterns, and the generative network learns to reproduce each layer.
/// Sleep: dreams patterns, and the recognition network learns to recover each layer.
template <class Machine>
HELMHOLTZ_FN void train_step(Machine& machine) {
  for (int row = 0; row < machine.rows(); ++row) {
    sample_network(step::Recognition(), machine, machine.draw_pattern(row));
    machine.learn(step::Generative());
  }
  machine.apply(step::Generative());
  for (int row = 0; row < machine.rows(); ++row) {
    sample_network(step::Generative(), machine, machine.begin_dream(row));
    machine.learn(step::Recognition());
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
  template <class Network>
  HELMHOLTZ_FN void learn(Network network) {
    for_each_layer(network, shape(), [&](auto layer) HELMHOLTZ_BODY {
      layers.learn(layer, step.rate(layer.rate(shape())));
    });
  }
  template <class Network>
  HELMHOLTZ_FN void apply(Network network) {
    if (rows() > 1) layers.apply_deltas(network);
    if (network == step::Network::generative && step.nonnegative_weights())
      layers.clamp_visible_weights();
  }
};
