// ln Q and KL of a machine by enumerating hidden states layer by layer, written once for every
// device.
//
// No include guard: included into a namespace, once for each SIMD instruction set (and CUDA),
// where the functions of portable_double.inl are in the nested namespace `portable`. Before that,
// HELMHOLTZ_FN must hold the function attributes, and exact_plan_view.hpp must be included.
//
// `O`: as in portable_double.inl, and B condition; less, select(condition, yes, no),
// any(condition): whether it holds for a machine; minus_abs(a) = -|a|; load(array, i), store(x,
// array, i): element i of an array with one value per machine.
//
// A state of n units is a number below 2^n with unit 0 in its highest bit. In ascending order, the
// state without its lowest 1 bit came earlier, and it is the latest one with as many 1 bits as it
// has. So sums over units in index order need one addition per state: a stack, one row for each
// number of units that are 1.

/// How many bits of a state are 1, and which unit is its last one.
struct StateBits {
  unsigned ones;
  unsigned last_unit;
};

HELMHOLTZ_FN StateBits state_bits(unsigned state, int units) {
#ifdef __CUDA_ARCH__
  return {static_cast<unsigned>(__popc(state)), static_cast<unsigned>(units - __ffs(state))};
#else
  return {static_cast<unsigned>(__builtin_popcount(state)),
          static_cast<unsigned>(units - 1 - __builtin_ctz(state))};
#endif
}

/// The activities of a layer for one state of the layer above: elements first, first + 1, … of an
/// array.
struct ActivityRow {
  const double* array;
  std::size_t first;
};

/// b_j + sum_i W_ji s_i for every output j, inputs in index order. States come in ascending order.
template <class O>
HELMHOLTZ_FN ActivityRow next_activities(const LayerView& layer, const double* parameters,
                                         double* stack, unsigned state) {
  const ActivityRow biases = {parameters, layer.bias};
  if (state == 0) return biases;
  const auto bits = state_bits(state, layer.inputs);
  const auto outputs = static_cast<std::size_t>(layer.outputs);
  const auto own = bits.ones * outputs;
  const auto parent = bits.ones == 1 ? biases : ActivityRow{stack, own - outputs};
  std::size_t weight = layer.weights + bits.last_unit;
  for (std::size_t j = 0; j < outputs; ++j) {
    O::store(O::add(O::load(parent.array, parent.first + j), O::load(parameters, weight)), stack,
             own + j);
    weight += static_cast<std::size_t>(layer.inputs);
  }
  return {stack, own};
}

/// Z = sum_j ln(1 + exp(a_j)), so that ln P(v) = sum_j v_j a_j - Z: as sum_j max(a_j, 0) and the
/// logarithms of products of at most 512 factors in [1, 2].
template <class O>
HELMHOLTZ_FN typename O::F log_normaliser(ActivityRow a, int outputs) {
  constexpr int kFactors = 512;
  const auto zero = O::set(0.0);
  auto sum = zero;
  auto product = O::set(1.0);
  for (int j = 0; j < outputs; ++j) {
    if (j != 0 && j % kFactors == 0) {
      sum = O::add(sum, portable::log<O>(product));
      product = O::set(1.0);
    }
    const auto activity = O::load(a.array, a.first + static_cast<std::size_t>(j));
    sum = O::add(sum, O::max(activity, zero));
    product = O::fma(product, portable::exp<O>(O::minus_abs(activity)), product);
  }
  return O::add(sum, portable::log<O>(product));
}

/// sum_j v_j a_j where v runs through all states of the layer, in ascending order.
template <class O>
struct StateScores {
  double* stack;
  int units;

  [[nodiscard]] HELMHOLTZ_FN typename O::F score(ActivityRow a, std::size_t state) const {
    auto sum = O::set(0.0);
    if (state == 0) {
      O::store(sum, stack, 0);
      return sum;
    }
    const auto bits = state_bits(static_cast<unsigned>(state), units);
    sum = O::add(O::load(stack, bits.ones - 1), O::load(a.array, a.first + bits.last_unit));
    O::store(sum, stack, bits.ones);
    return sum;
  }
};

/// sum_j v_j a_j where v is a pattern of the world.
template <class O>
struct PatternScores {
  const std::size_t* begin;
  const std::uint32_t* units;

  [[nodiscard]] HELMHOLTZ_FN typename O::F score(ActivityRow a, std::size_t k) const {
    auto sum = O::set(0.0);
    for (auto u = begin[k]; u < begin[k + 1]; ++u) {
      sum = O::add(sum, O::load(a.array, a.first + units[u]));
    }
    return sum;
  }
};

/// Adds exp(x) to exp(largest[k]) * sums[k], with largest[k] the largest x so far.
template <class O>
HELMHOLTZ_FN void log_sum_add(typename O::F x, double* largest, double* sums, std::size_t k) {
  const auto before = O::load(largest, k);
  const auto sum = O::load(sums, k);
  const auto difference = O::sub(x, before);
  const auto ratio = portable::exp<O>(O::minus_abs(difference));
  const auto grown = O::fma(sum, ratio, O::set(1.0));
  const auto larger = O::less(O::set(0.0), difference);
  O::store(O::select(larger, grown, O::add(sum, ratio)), sums, k);
  O::store(O::max(x, before), largest, k);
}

/// Nobody asks an evaluation to stop.
struct NeverStops {
  HELMHOLTZ_FN static bool after(std::size_t) { return false; }
};

/// log_p[v] = ln sum_s P(v | s) P(s) for every target v of a layer, s in ascending order over the
/// states of the layer above. log_prior is null above the top layer, which has one (empty) state.
/// @param stop  stop.after(elements of work): whether to end at once, with nothing that is to be
///              read
template <class O, class Scores, class Stop>
HELMHOLTZ_FN void mix_states(const LayerView& layer, const double* parameters,
                             const double* log_prior, const Scores& scores, std::size_t targets,
                             const ExactMemory& memory, double* log_p, Stop& stop) {
  const unsigned states = 1U << static_cast<unsigned>(layer.inputs);
  for (unsigned s = 0; s < states; ++s) {
    if (stop.after(targets + static_cast<std::size_t>(layer.outputs))) return;
    const auto a = next_activities<O>(layer, parameters, memory.activities, s);
    const auto prior = log_prior == nullptr ? O::set(0.0) : O::load(log_prior, s);
    const auto base = O::sub(prior, log_normaliser<O>(a, layer.outputs));
    if (s == 0) {
      for (std::size_t v = 0; v < targets; ++v) {
        O::store(O::add(scores.score(a, v), base), log_p, v);
        if (states > 1) O::store(O::set(1.0), memory.sums, v);
      }
    } else {
      for (std::size_t v = 0; v < targets; ++v) {
        log_sum_add<O>(O::add(scores.score(a, v), base), log_p, memory.sums, v);
      }
    }
  }
  if (states == 1) return;
  for (std::size_t v = 0; v < targets; ++v) {
    const auto log_sum = portable::log<O>(O::load(memory.sums, v));
    O::store(O::add(O::load(log_p, v), log_sum), log_p, v);
  }
}

/// Fills memory.log_q.
/// @param parameters  generative parameters in the order of Topology, one value per machine
/// @param stop        as of mix_states
template <class O, class Stop>
HELMHOLTZ_FN void exact_log_q(const ExactPlanView& plan, const double* parameters,
                              const ExactMemory& memory, Stop& stop) {
  const double* above = nullptr;
  for (int l = 0; l < plan.last; ++l) {
    const auto& layer = plan.layers[l];
    const StateScores<O> scores{memory.scores, layer.outputs};
    double* const own = memory.log_states[l % 2];
    mix_states<O>(layer, parameters, above, scores, std::size_t{1} << layer.outputs, memory, own,
                  stop);
    above = own;
  }
  const PatternScores<O> scores{plan.pattern_begin, plan.pattern_units};
  mix_states<O>(plan.layers[plan.last], parameters, above, scores, plan.patterns, memory,
                memory.log_q, stop);
}

/// The same, to its end.
template <class O>
HELMHOLTZ_FN void exact_log_q(const ExactPlanView& plan, const double* parameters,
                              const ExactMemory& memory) {
  NeverStops never;
  exact_log_q<O>(plan, parameters, memory, never);
}

/// How far rounding can take the sum of exact_kl below zero, for U units, K patterns, S hidden
/// states, u = 2^-53 and M = U + the sum of all parameters' magnitudes: 20 u ((U + K) M + S).
///
/// Every number on the way to an ln Q is at most M: -ln P(v | s) = sum_j ln(1 + exp(-+a_j)) is at
/// most sum_j (1 + |a_j|). A layer of n units below m adds at most (m + 5 n + 5) u M to the error,
/// all layers 11 U u M; a state adds at most 20 u to a mixture's. The sum over patterns rounds
/// K + 5 times on the scale of ln K + M <= 2 M. The P, which are rounded too, add up to
/// T >= 1 - 3 K u, and then the sum itself is at least T ln T >= T - 1. M and U are 2 or more.
template <class O>
HELMHOLTZ_FN typename O::F kl_rounding(const ExactPlanView& plan, const double* parameters) {
  double units = 0;
  double states = 0;
  for (int l = 0; l <= plan.last; ++l) {
    units += plan.layers[l].outputs;
    states += static_cast<double>(1ULL << static_cast<unsigned>(plan.layers[l].inputs));
  }
  const auto& bottom = plan.layers[plan.last];
  const auto generative = bottom.bias + static_cast<std::size_t>(bottom.outputs);
  auto magnitude = O::set(units);
  for (std::size_t i = 0; i < generative; ++i) {
    magnitude = O::sub(magnitude, O::minus_abs(O::load(parameters, i)));
  }
  const auto roundings = O::set(units + static_cast<double>(plan.patterns));
  return O::mul(O::set(20 * 0x1p-53), O::fma(roundings, magnitude, O::set(states)));
}

/// KL(world || model) = sum_k P_k (ln P_k - ln Q_k), patterns in order. It is never negative: a sum
/// that rounding can have taken below zero is 0. One further below stays, so that a fault shows;
/// so does NaN.
template <class O>
HELMHOLTZ_FN typename O::F exact_kl(const ExactPlanView& plan, const double* parameters,
                                    const double* log_q) {
  const auto zero = O::set(0.0);
  auto sum = zero;
  for (std::size_t k = 0; k < plan.patterns; ++k) {
    const auto excess = O::sub(O::set(plan.log_probabilities[k]), O::load(log_q, k));
    sum = O::add(sum, O::mul(O::set(plan.probabilities[k]), excess));
  }
  const auto negative = O::less(sum, zero);
  if (!O::any(negative)) return sum;
  const auto below = O::less(O::add(sum, kl_rounding<O>(plan, parameters)), zero);
  return O::select(negative, O::select(below, sum, zero), sum);
}
