"""The classes of the notebook that this project began with: `World`, `SBN` and `HM`.

Its cells run with their class definitions replaced by one import, and print what they print: `HM` draws from NumPy's
legacy stream, as the notebook does. (Sums are in another order: the last of 16 digits may differ.)

>>> import numpy as np
>>> from helmholtz.notebook import HM, World
>>> np.random.seed(42)
>>> world = World()
>>> hm = HM([1, 6, 9])
>>> hm.learn(world, 5000, 0.05)
>>> print("KL divergence: {}".format(hm.evaluate(world, 10000)))
KL divergence: 2.37258906024565...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _worlds
from ._machines import Layer, Machines
from .errors import InvalidArgument

__all__ = ["HM", "SBN", "World"]

Units = NDArray[Any]


class World:
    """Vertical and horizontal lines in a 3 x 3 image: the world ``kirby3x3``."""

    def __init__(self) -> None:
        self._world = _worlds.world("kirby3x3")

    def sample(self) -> Units:
        """One pattern, (1, 9), drawn by NumPy."""
        index = np.random.choice(len(self._world), p=self._world.probabilities)
        return self.valid_observations()[index : index + 1]

    def valid_observations(self) -> Units:
        """All patterns, (12, 9)."""
        return self._world.patterns.astype(int)

    def kl(self, other_probs: NDArray[np.float64]) -> float:
        """KL(world || model), in nats, from the model's probabilities of the patterns."""
        probabilities = self._world.probabilities
        return float(np.sum(probabilities * np.log(probabilities)) - np.sum(probabilities * np.log(other_probs)))


class SBN:
    """A sigmoid belief network: layers that each draw their units given the layer before.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units of each layer, in the order in which they are drawn.
    include_bias_layer : bool
        Whether the first layer is drawn too, from its biases.
    """

    def __init__(self, layer_sizes: Sequence[int], include_bias_layer: bool = False) -> None:
        self.layer_sizes = list(layer_sizes)
        self.include_bias_layer = include_bias_layer
        sizes = [0, *layer_sizes] if include_bias_layer else self.layer_sizes
        self.layers = [Layer(np.zeros((n, k), np.float32), np.zeros(n, np.float32)) for k, n in zip(sizes, sizes[1:])]
        self._states: list[Units] = []

    def __call__(self, x: Units | None) -> Units:
        """Draws every layer, by NumPy. `x` is the first layer, (rows, units); with a bias layer its rows alone count,
        None is one row."""
        units = np.zeros((1 if x is None else len(x), 0)) if self.include_bias_layer else np.asarray(x)
        self._states = [units]
        for weights, biases in self.layers:
            p = 1 / (1 + np.exp(-(units @ weights.T + biases)))
            units = np.random.uniform(size=p.shape) < p
            self._states.append(units)
        return units

    def state(self) -> list[Units]:
        """What was drawn last: the first layer, and all others."""
        return list(self._states)


class HM:
    """A Helmholtz machine.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units of each layer, top first, the last visible.
    rng : {"numpy", "philox"}
        "numpy": the notebook's draws, and its digits; the seed is that of ``np.random.seed``, which must have been
        called and nothing drawn since, when the machine first learns. The other: addressed draws, far faster.
    seed : int, optional
        In place of NumPy's.
    """

    def __init__(self, layer_sizes: Sequence[int], rng: str = "numpy", seed: int | None = None) -> None:
        self._layer_sizes = list(layer_sizes)
        self._rng = rng
        self._seed = seed
        self._learns: tuple[World, float] | None = None
        self._machines: Machines | None = None
        self._generator_network = SBN(self._layer_sizes, include_bias_layer=True)
        self._recognition_network = SBN(self._layer_sizes[::-1])

    def learn(self, world: World, epochs: int, learning_rate: float) -> None:
        """Take `epochs` training steps, each of one pattern."""
        machines = self._trained_on(world, learning_rate)
        machines.train(epochs)
        self._generator_network.layers = machines[0].generative
        self._recognition_network.layers = machines[0].recognition[::-1]

    def sample(self, num_samples: int = 1) -> Units:
        """Patterns that the machine generates, (num_samples, visible units)."""
        return self._generator_network(np.zeros((num_samples, 1)))

    def evaluate(self, world: World, num_samples: int = 10000) -> float:
        """KL(world || model), in nats, from so many samples."""
        machines = self._trained_on(world, None)
        return float(machines.evaluate(exact=False, samples=num_samples)["kl_sampled"][0])

    def _trained_on(self, world: World, learning_rate: float | None) -> Machines:
        """The machine, made when it first learns: a machine has one world and one rate."""
        if self._machines is None or self._learns is None:
            rate = 0.05 if learning_rate is None else learning_rate
            self._learns = (world, rate)
            seed = _numpy_seed() if self._seed is None else self._seed
            self._machines = Machines(self._layer_sizes, world._world, seeds=[seed], lr=rate, rng=self._rng)
        own_world, own_rate = self._learns
        if world is not own_world:
            raise InvalidArgument("world: got another; allowed: the one that the machine learns", "world")
        if learning_rate is not None and learning_rate != own_rate:
            said = f"learning_rate: got {learning_rate}; allowed: {own_rate}, as before"
            raise InvalidArgument(said, "learning_rate")
        return self._machines


def _numpy_seed() -> int:
    """What ``np.random.seed`` was called with, if nothing was drawn since: the first word of its state."""
    words = np.random.get_state(legacy=False)["state"]["key"]
    seed = int(words[0])
    if not np.array_equal(words, np.random.RandomState(seed).get_state(legacy=False)["state"]["key"]):
        said = "seed: got NumPy's stream in use; allowed: np.random.seed(N) just before, or seed=N"
        raise InvalidArgument(said, "seed")
    return seed
