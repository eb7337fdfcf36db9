// Wake-sleep for machines side by side, one machine a lane: the exact class's training step,
// written once for every device and for sizes known at compile time or at run time.
//
// No include guard: included into a namespace that holds the operations `O` of exact_arithmetic.inl
// and its functions. Before that, HELMHOLTZ_FN must hold the function attributes and HELMHOLTZ_BODY
// those of a lambda that is always inlined.
//
// Beside exact_arithmetic.inl's list, `O` has: Bit, one unit's state in every lane; bit(B) -> Bit;
// add_if(bit, sum, x) = sum + (bit ? x : 0); error(bit, p) = bit - p; kTile, the most outputs of a
// static shape's tile, whose sums stay in registers. `Shape`: step::StaticShape or
// LayerShape. `Store`: load(k) and store(k, x) of parameter k. `Patterns`: draw(word,
// bits), the visible units of a drawn pattern. `Units`, `Words` and `Rates`: pointers to Bits, Us
// and Fs, or what behaves like them: x[i], x + i.

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

/// body(0), …, body(L): the layers top down, as constants if the shape is one.
template <class Shape, class Body>
HELMHOLTZ_FN void for_layers_down(const Shape& shape, Body body) {
  if constexpr (Shape::kStatic) {
    [&]<int... l>(std::integer_sequence<int, l...>) HELMHOLTZ_BODY {
      (body(step::Index<l>()), ...);
    }
    (std::make_integer_sequence<int, Shape::kLast + 1>());
  } else {
    for (int l = 0; l <= shape.last(); ++l) body(l);
  }
}

/// body(L-1), …, body(0): the hidden layers bottom up.
template <class Shape, class Body>
HELMHOLTZ_FN void for_hidden_layers_up(const Shape& shape, Body body) {
  if constexpr (Shape::kStatic) {
    [&]<int... l>(std::integer_sequence<int, l...>) HELMHOLTZ_BODY {
      (body(step::Index<Shape::kLast - 1 - l>()), ...);
    }
    (std::make_integer_sequence<int, Shape::kLast>());
  } else {
    for (int l = shape.last() - 1; l >= 0; --l) body(l);
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

template <class O, class Shape, class Store, class Patterns, class Units = typename O::Bit*>
class WakeSleep {
 public:
  using F = typename O::F;
  using U = typename O::U;
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

  /// Recognises a pattern; the generative network learns to reproduce each layer.
  /// @param words  the row's draws from slot 0 on
  /// @param rates  [L+1], generative, layer 0 first
  template <class Words, class Rates>
  HELMHOLTZ_FN void wake(Words words, Rates rates) {
    patterns_.draw(words[0], layer_units(shape_.last()));
    int slot = 1;
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_BODY {
      sample(shape_.recognition(l), layer_units(l + 1), words + slot, layer_units(l));
      slot += shape_.size(l);
    });
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_BODY {
      learn(shape_.generative(l), rates[l], layer_above(l), layer_units(l));
    });
  }

  /// Dreams a pattern; the recognition network learns to recover each layer.
  /// @param words  the row's draws from the first generative unit's slot on
  /// @param rates  [L], recognition, layer 0 first
  template <class Words, class Rates>
  HELMHOLTZ_FN void sleep(Words words, Rates rates) {
    generate(words);
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_BODY {
      learn(shape_.recognition(l), rates[l], layer_units(l + 1), layer_units(l));
    });
  }

  /// Samples every generative layer, top down.
  /// @param words  the row's draws from the first generative unit's slot on
  template <class Words>
  HELMHOLTZ_FN void generate(Words words) {
    int slot = 0;
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_BODY {
      sample(shape_.generative(l), layer_above(l), words + slot, layer_units(l));
      slot += shape_.size(l);
    });
  }

  /// Adds the batch's deltas to parameters [begin, end) and clears them.
  HELMHOLTZ_FN void apply_deltas(std::size_t begin, std::size_t end) {
    for (auto k = begin; k < end; ++k) {
      parameters_.store(k, O::add(parameters_.load(k), deltas_.load(k)));
      deltas_.store(k, O::set(0.0F));
    }
  }

  /// W_L = max(W_L, 0)
  HELMHOLTZ_FN void clamp_visible_weights() {
    const auto begin = shape_.generative_parameters() - visible_parameters();
    const auto weights =
        visible_parameters() - static_cast<std::size_t>(shape_.size(shape_.last()));
    for (auto k = begin; k < begin + weights; ++k) {
      parameters_.store(k, O::max(parameters_.load(k), O::set(0.0F)));
    }
  }

 private:
  [[nodiscard]] HELMHOLTZ_FN std::size_t visible_parameters() const {
    const auto last = shape_.last();
    return static_cast<std::size_t>(shape_.size(last)) *
           (static_cast<std::size_t>(shape_.size(last - 1)) + 1);
  }

  [[nodiscard]] HELMHOLTZ_FN Units layer_units(int l) const {
    return units_ + shape_.unit_offset(l);
  }
  /// The inputs of generative layer l; the top layer has none, and reads none.
  [[nodiscard]] HELMHOLTZ_FN Units layer_above(int l) const {
    return layer_units(l == 0 ? 0 : l - 1);
  }

  template <class Layer, class Words>
  HELMHOLTZ_FN void sample(const Layer& layer, Units inputs, Words words, Units outputs) {
    for_each_tile<O>(layer, [&](int j, auto tile) HELMHOLTZ_BODY {
      F a[tile];
      activities(layer, inputs, j, a);
      repeat<tile>([&](int t) HELMHOLTZ_BODY {
        outputs[j + t] = O::bit(fires<O>(one_plus_exp_minus<O>(a[t]), words[j + t]));
      });
    });
  }

  /// The delta rule: W += rate * (target - p) input^T, b += rate * (target - p).
  template <class Layer>
  HELMHOLTZ_FN void learn(const Layer& layer, F rate, Units inputs, Units targets) {
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
