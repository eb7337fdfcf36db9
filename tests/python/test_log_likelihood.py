"""Log-likelihoods, against an independent program: NumPy, in double, with draws of its own."""

import numpy as np
import pytest

import helmholtz as hm

ROWS = (np.random.default_rng(5).random((20, 9)) < 0.4).astype(np.uint8)
PARTICLES = 1000
REPEATS = 20


@pytest.fixture(scope="module")
def machines():
    """The same machine, of random weights, with several seeds."""
    same = hm.Machines([3, 5, 9], "kirby3x3", seeds=REPEATS)
    parameters = np.random.default_rng(6).normal(scale=0.5, size=same.parameters.shape[1])
    same.parameters = np.tile(parameters, (REPEATS, 1))
    return same


def log_bernoulli(units, layer, inputs):
    """ln P(units | inputs), (..., units) -> (...)."""
    activities = inputs @ layer.weights.T.astype(float) + layer.biases.astype(float)
    return -np.logaddexp(0, np.where(units, -activities, activities)).sum(axis=-1)


def drawn(rng, layer, inputs):
    activities = inputs @ layer.weights.T.astype(float) + layer.biases.astype(float)
    return rng.random(activities.shape) < 1 / (1 + np.exp(-activities))


def log_joint(machine, top, middle, rows):
    of_top, of_middle, of_rows = machine.generative
    nothing = np.zeros((*top.shape[:-1], 0))
    hidden = log_bernoulli(top, of_top, nothing) + log_bernoulli(middle, of_middle, top)
    return hidden + log_bernoulli(rows, of_rows, middle)


def test_exact_is_the_sum_over_all_hidden_states(machines):
    states = np.array(list(np.ndindex((2,) * 8)))
    joint = log_joint(machines[0], states[:, :3], states[:, 3:], ROWS[:, None, :])
    assert np.abs(machines[0].log_prob(ROWS) - np.logaddexp.reduce(joint, axis=1)).max() < 1e-6


def importance_sampled(machine, rng):
    rows = np.repeat(ROWS[:, None, :], PARTICLES, axis=1)
    of_top, of_middle = machine.recognition
    middle = drawn(rng, of_middle, rows)
    top = drawn(rng, of_top, middle)
    log_recognition = log_bernoulli(middle, of_middle, rows) + log_bernoulli(top, of_top, middle)
    log_weights = log_joint(machine, top, middle, rows) - log_recognition
    weights = np.exp(log_weights)
    effective = weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1) / PARTICLES
    return {
        "log_likelihood": np.log(weights.mean(axis=1)).mean(),
        "elbo": log_weights.mean(),
        "effective": effective.mean(),
    }


def test_estimates_have_the_same_distribution(machines):
    """Their means differ by sampling errors alone: as many particles, so an equal bias."""
    rng = np.random.default_rng(7)
    repeats = [importance_sampled(machines[0], rng) for _ in range(REPEATS)]
    found = machines.evaluate(ROWS, exact=False, particles=PARTICLES)
    assert np.array_equal(found["log_likelihood"], machines.log_likelihood(ROWS, particles=PARTICLES))
    for name in repeats[0]:
        expected = np.array([one[name] for one in repeats])
        error = np.sqrt((expected.var(ddof=1) + found[name].var(ddof=1)) / REPEATS)
        assert 0 < error < 0.02, name
        assert abs(found[name].mean() - expected.mean()) < 5 * error, name
