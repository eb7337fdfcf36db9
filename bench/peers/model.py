"""What every peer shares, in NumPy: the worlds, the order of parameters, one training step in double, the exact KL.

A machine's parameters are lists of arrays. Generative: biases b_0, then (W_l, b_l) top-down. Recognition: (R_l, c_l)
from the layer above the visible one to the top. States are [batch x units], top first, 0 or 1.
"""

import itertools

import numpy as np

PATTERNS_OF_OTHER_SIZES = 256


def kirby3x3():
    """The patterns [12 x 9] and their probabilities: vertical lines twice as likely as horizontal ones."""
    lines = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=float)
    vertical = np.tile(lines, (1, 3))
    horizontal = np.repeat(lines, 3, axis=1)
    return np.vstack([vertical, horizontal]), np.repeat([2 / 18, 1 / 18], 6)


def world_of_size(units):
    """kirby3x3 for 9 visible units, else 256 random patterns, each as likely as the others."""
    if units == 9:
        return kirby3x3()
    patterns = np.random.default_rng(1).integers(0, 2, (PATTERNS_OF_OTHER_SIZES, units)).astype(float)
    return patterns, np.full(len(patterns), 1 / len(patterns))


def shapes(layers):
    """Shapes of all parameters in the order in which files hold them: b_0; W_1, b_1; ...; R_{L-1}, c_{L-1}; ..."""
    generative = [(layers[0],)]
    for above, units in itertools.pairwise(layers):
        generative += [(units, above), (units,)]
    recognition = []
    for above, units in reversed(list(itertools.pairwise(layers))):
        recognition += [(above, units), (above,)]
    return generative + recognition


def split(rows, layers):
    """Parameters [machines x count] as arrays [machines x shape], in file order."""
    arrays, at = [], 0
    for shape in shapes(layers):
        count = int(np.prod(shape))
        arrays.append(rows[:, at : at + count].reshape(len(rows), *shape))
        at += count
    assert at == rows.shape[1]
    return arrays


def sigmoid(activity):
    return 1 / (1 + np.exp(-activity))


def draws_of(layers, particles=1):
    """How many uniforms a row of the batch takes: each particle's recognised units from below, then dreamt ones from above."""
    return particles * sum(layers[:-1]) + sum(layers)


def train_step(parameters, layers, visible, uniforms, rate, particles=1):
    """One step of one machine on the patterns `visible`, averaged over the batch: wake-sleep, or with several particles
    reweighted wake-sleep, whose recognition network learns at the same rate in both phases.

    @param parameters  arrays in file order; not changed
    @param uniforms    [batch x draws_of(layers, particles)]
    @return the new parameters
    """
    new = [array.copy() for array in parameters]
    top, batch = len(layers) - 1, len(visible)
    generative = [(None, new[0]), *((new[2 * l - 1], new[2 * l]) for l in range(1, top + 1))]
    rest = new[2 * top + 1 :]
    recognition = {l: (rest[2 * k], rest[2 * k + 1]) for k, l in enumerate(reversed(range(top)))}
    cut = particles * sum(layers[:-1])
    recognised = np.split(uniforms[:, :cut].reshape(batch * particles, -1), np.cumsum(layers[-2::-1])[:-1], axis=1)
    dreams = np.split(uniforms[:, cut:], np.cumsum(layers)[:-1], axis=1)

    def probabilities(layer, inputs):
        weights, bias = layer
        return sigmoid(bias if weights is None else inputs @ weights.T + bias)

    def learn(layer, inputs, delta):
        if layer[0] is not None:
            layer[0][...] += rate / batch * delta.T @ inputs
        layer[1][...] += rate / batch * delta.sum(axis=0)

    def log_probability(states, p):
        return np.log(np.where(states == 1, p, 1 - p)).sum(axis=1)

    states, q, ratio = {top: np.repeat(visible, particles, axis=0)}, {}, 0
    for l, draws in zip(reversed(range(top)), recognised):
        q[l] = probabilities(recognition[l], states[l + 1])
        states[l] = (draws < q[l]).astype(float)
        ratio = ratio - log_probability(states[l], q[l])
    p = [np.broadcast_to(probabilities(layer, states.get(l - 1)), states[l].shape) for l, layer in enumerate(generative)]
    ratio = (ratio + sum(log_probability(states[l], p[l]) for l in range(top + 1))).reshape(batch, particles)
    weights = np.exp(ratio - ratio.max(axis=1, keepdims=True))
    weights = (weights / weights.sum(axis=1, keepdims=True)).reshape(-1, 1)
    for l, layer in enumerate(generative):
        learn(layer, states.get(l - 1), weights * (states[l] - p[l]))
    if particles > 1:
        for l, layer in recognition.items():
            learn(layer, states[l + 1], weights * (states[l] - q[l]))
    dreamt = {}
    for l, (layer, draws) in enumerate(zip(generative, dreams)):
        dreamt[l] = (draws < probabilities(layer, dreamt.get(l - 1))).astype(float)
    for l, layer in recognition.items():
        learn(layer, dreamt[l + 1], dreamt[l] - probabilities(layer, dreamt[l + 1]))
    return new


def exact_kl(rows, layers, patterns, probabilities):
    """KL(world || model) in nats of machines [machines x count], by enumerating hidden states, in double."""
    arrays = split(np.asarray(rows, dtype=float), layers)

    def log_likelihood(states, activity):
        """ln P(state | activity), [machines x states x conditions]; activity [machines x conditions x units]."""
        on = -np.logaddexp(0, -activity)
        off = -np.logaddexp(0, activity)
        return np.einsum("ku,mcu->mkc", states, on) + np.einsum("ku,mcu->mkc", 1 - states, off)

    def all_states(units):
        return np.array(list(itertools.product([0.0, 1.0], repeat=units)))

    states = all_states(layers[0])
    p = np.exp(log_likelihood(states, arrays[0][:, None, :])[:, :, 0])
    for l, units in enumerate(layers[1:], start=1):
        weights, bias = arrays[2 * l - 1], arrays[2 * l]
        activity = np.einsum("kj,mij->mki", states, weights) + bias[:, None, :]
        states = patterns if l == len(layers) - 1 else all_states(units)
        p = np.einsum("mkc,mc->mk", np.exp(log_likelihood(states, activity)), p)
    return (probabilities * (np.log(probabilities) - np.log(p))).sum(axis=1)
