#!/usr/bin/env python3
"""Is model.py what the peers are checked against? Its step is that of the NumPy loop, which replays the notebook's digits;
a small machine's step and an untrained machine's KL are worked by hand."""

import math
import unittest

import numpy as np

import model
import numpy_loop
from numpy_batch import Machines


class Model(unittest.TestCase):
    def test_steps_are_those_of_the_numpy_loop(self):
        for layers in ([1, 6, 9], [2, 3], [3, 4, 5, 6]):
            patterns, _ = model.world_of_size(layers[-1])
            machine = numpy_loop.Machine(layers)
            expected = [np.zeros(shape) for shape in model.shapes(layers)]
            for step in range(50):
                np.random.seed(step)
                uniforms = np.random.uniform(size=(1, model.draws_of(layers)))
                visible = patterns[step % len(patterns)][None]
                np.random.seed(step)
                machine.step(visible, 0.3)
                expected = model.train_step(expected, layers, visible, uniforms, 0.3)
            for a, b in zip(Machines.arrays(machine), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
                self.assertGreater(np.abs(a).max(), 0)

    def test_a_small_machines_step_is_what_the_model_says(self):
        # From zero all p and q are 1/2, so every parameter becomes 0 or +-rate/2. Recognised: hidden 1, 0, top 1.
        # Dreamt: top 0 (0.9 is above sigma(1/4)), hidden 1, 0, visible 0, 1.
        layers, rate = [1, 2, 2], 0.5
        uniforms = np.array([[0.2, 0.8, 0.3, 0.9, 0.4, 0.6, 0.7, 0.1]])
        zeros = [np.zeros(shape) for shape in model.shapes(layers)]
        b0, w1, b1, w2, b2, r1, c1, r0, c0 = model.train_step(zeros, layers, np.array([[1.0, 0.0]]), uniforms, rate)
        h = rate / 2
        for obtained, expected in ((b0, [h]), (w1, [[h], [-h]]), (b1, [h, -h]), (w2, [[h, 0], [-h, 0]]), (b2, [h, -h]),
                                   (r1, [[0, h], [0, -h]]), (c1, [h, -h]), (r0, [[-h, 0]]), (c0, [-h])):
            np.testing.assert_array_equal(obtained, expected)

    def test_a_batch_learns_the_mean_of_its_rows(self):
        layers, random = [1, 3, 4], np.random.default_rng(3)
        start = [np.zeros(shape) for shape in model.shapes(layers)]
        visible, uniforms = random.integers(0, 2, (5, 4)).astype(float), random.random((5, model.draws_of(layers)))
        together = model.train_step(start, layers, visible, uniforms, 0.1)
        alone = [model.train_step(start, layers, visible[b : b + 1], uniforms[b : b + 1], 0.1) for b in range(5)]
        wake = 2 * len(layers) - 1  # the dream follows from the update: only the generative network is a plain mean
        for k in range(wake):
            np.testing.assert_allclose(together[k], np.mean([rows[k] for rows in alone], axis=0), atol=1e-12)

    def test_particles_learn_by_their_weights(self):
        # Visible 1, hidden 1 or 0 with two particles, all from zero but W = ln 3 and b_1 = 0: p(x = 1 | 1) = 3/4, p(x = 1 | 0)
        # = 1/2, p(h) = q(h) = 1/2, so the weights are 3/5 and 2/5. W learns 3/5 * 1/4; b_1 that and 2/5 * 1/2; b_0 and the
        # wake phase's R and c (3/5 - 2/5) * 1/2. The dream: hidden 0 (0.9), visible 0 (0.9); R keeps its value, and c, now
        # 1/10, learns 0 - sigma(1/10).
        layers, w = [1, 1], math.log(3)
        zeros = [np.zeros(shape) for shape in model.shapes(layers)]
        zeros[1][...] = w
        b0, weight, b1, r0, c0 = model.train_step(
            zeros, layers, np.array([[1.0]]), np.array([[0.1, 0.9, 0.9, 0.9]]), 1.0, particles=2)
        obtained = [array.item() for array in (b0, weight, b1, r0, c0)]
        np.testing.assert_allclose(obtained, [0.1, w + 0.15, 0.35, 0.1, 0.1 - 1 / (1 + math.exp(-0.1))], atol=1e-12)

    def test_equal_particles_are_one(self):
        # Particles that recognise the same have equal weights: the generative network learns as from one of them.
        layers, random = [2, 3, 4], np.random.default_rng(4)
        start = [random.normal(size=shape) for shape in model.shapes(layers)]
        visible, one = random.integers(0, 2, (3, 4)).astype(float), random.random((3, model.draws_of(layers)))
        hidden = sum(layers[:-1])
        same = np.concatenate([np.tile(one[:, :hidden], 5), one[:, hidden:]], axis=1)
        self.assertEqual(same.shape[1], model.draws_of(layers, 5))
        several = model.train_step(start, layers, visible, same, 0.1, particles=5)
        for a, b in zip(several[:5], model.train_step(start, layers, visible, one, 0.1)[:5], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)

    def test_an_untrained_machine_says_all_patterns_are_as_likely(self):
        patterns, probabilities = model.kirby3x3()
        entropy = -(probabilities * np.log(probabilities)).sum()
        rows = np.zeros((3, sum(math.prod(shape) for shape in model.shapes([1, 6, 9]))))
        kl = model.exact_kl(rows, [1, 6, 9], patterns, probabilities)
        np.testing.assert_allclose(kl, 9 * math.log(2) - entropy, atol=1e-12)


if __name__ == "__main__":
    unittest.main()
