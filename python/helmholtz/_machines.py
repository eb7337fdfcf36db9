"""Machines: many that train together, and one by itself."""

from __future__ import annotations

import operator
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._checks import as_array, as_layers, whole
from ._progress import Progress, shown
from ._seeds import Seeds, seed_array
from .errors import InvalidArgument
from ._worlds import Bits, Dataset, Doubles, PathLike, World, world

__all__ = ["Layer", "Machine", "Machines", "load"]

Floats = NDArray[np.float32]
Learnt = Union[World, Dataset, str]


class Layer(NamedTuple):
    """A layer's parameters: P(unit = 1) = sigmoid(weights @ inputs + biases). Views, not to be written to."""

    weights: Floats  #: (units, inputs); the top generative layer has no inputs
    biases: Floats  #: (units,)


class Machine:
    """One machine as it was at some step, with all that it takes to resume its training.

    Made by ``machines[i]``, `load` and ``results.replay(i)``. Samples and estimates are functions of its seed and its
    step: the same call gives the same numbers.

    Examples
    --------
    >>> import helmholtz as hm
    >>> machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=2, lr=0.05)
    >>> machines.train(5000)
    >>> machine = machines[1]
    >>> machine
    <Machine [1, 6, 9], seed 1, step 5000>
    >>> machine.generative[2].weights.shape
    (9, 6)
    >>> machine.sample(4).shape
    (4, 9)
    """

    def __init__(self, core: _core.Machine) -> None:
        self._core = core

    @property
    def layers(self) -> list[int]:
        """Units of each layer, top first, the last visible."""
        return self._core.layers

    @property
    def seed(self) -> int:
        """Of all its random numbers."""
        return self._core.seed

    @property
    def step(self) -> int:
        """Training steps that it has taken."""
        return self._core.step

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a pattern drawn as an image."""
        return self._core.world.shape

    @property
    def parameters(self) -> Floats:
        """All of them: the generative network's, top first, weights before biases; the recognition network's, bottom
        first. A view, not to be written to."""
        return self._core.parameters()

    @property
    def generative(self) -> list[Layer]:
        """The generative network: layer l draws its units given those of layer l - 1; layer 0 is the top."""
        return [Layer(*arrays) for arrays in self._core.generative()]

    @property
    def recognition(self) -> list[Layer]:
        """The recognition network: layer l draws its units given those of layer l + 1; layer 0 is the top."""
        return [Layer(*arrays) for arrays in self._core.recognition()]

    def sample(self, n: SupportsIndex = 1, *, first: SupportsIndex = 0) -> Bits:
        """Patterns that the machine generates.

        Parameters
        ----------
        n : int
            How many.
        first : int
            The number of the first one: samples are numbered, and sample 7 is always the same.

        Returns
        -------
        array of uint8, (n, visible units)
        """
        return self._core.sample(whole(n, "n"), whole(first, "first"))

    def recognise(self, X: Any) -> list[Bits]:
        """Hidden units that the recognition network draws for rows.

        Parameters
        ----------
        X : array of uint8 or bool, (rows, visible units)
            As `World` takes it.

        Returns
        -------
        list of arrays of uint8, (rows, units of the layer)
            One per hidden layer, top first.
        """
        hidden = self._core.recognise(as_array(X))
        ends = np.cumsum(self.layers[:-1])
        return [np.ascontiguousarray(layer) for layer in np.split(hidden, ends[:-1], axis=1)]

    def log_prob(self, X: Any, *, particles: SupportsIndex | None = None) -> Doubles:
        """ln P(row) of each row, in nats.

        Parameters
        ----------
        X : array of uint8 or bool, (rows, visible units)
            As `World` takes it.
        particles : int, optional
            Estimate by importance sampling with as many particles per row: a lower bound in expectation. A row's
            estimate depends on its place in X. Without it, exact, by enumerating the hidden states.

        Raises
        ------
        InvalidArgument
            Without particles, if two neighbouring hidden layers have more than 20 units together.
        """
        if particles is None:
            return self._core.exact_log_prob(as_array(X))
        return self._core.estimated_log_prob(as_array(X), whole(particles, "particles", 1))

    def save(self, path: PathLike) -> None:
        """Write it as HDF5, as the program's ``train --save`` does; never half a file."""
        self._core.save(os.fspath(path))

    def resume(
        self, world: World | Dataset | None = None, *, backend: str = "auto", threads: SupportsIndex = 0
    ) -> Machines:
        """Machines, of which there is one, that go on where this one is.

        Parameters
        ----------
        world : World or Dataset, optional
            Needed by a machine that was loaded from a file and trained on a data set, whose rows are no part of it.
        backend, threads
            As of `Machines`.
        """
        return Machines._resumed(self, world, backend, operator.index(threads))

    def __repr__(self) -> str:
        return f"<Machine {self.layers}, seed {self.seed}, step {self.step}>"

    def __reduce__(self) -> tuple[Any, ...]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "machine.h5"
            self.save(path)
            return _from_bytes, (path.read_bytes(),)


def load(path: PathLike) -> Machine:
    """A machine that was saved, by `Machine.save` or the program.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    BadData
        If it is no saved machine, or damaged.
    """
    return Machine(_core.load_machine(os.fspath(path)))


def _from_bytes(content: bytes) -> Machine:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "machine.h5"
        path.write_bytes(content)
        return load(path)


def _learnt(what: Learnt) -> World | Dataset:
    return world(what) if isinstance(what, str) else what


def _core_world(what: World | Dataset) -> _core.World:
    return what._core.world() if isinstance(what, Dataset) else what._core


class Machines:
    """Machines of one topology that differ by their seed, trained together by wake-sleep.

    Parameters
    ----------
    layers : sequence of int
        Units of each layer, top first, the last visible.
    world : World, Dataset or str
        What they learn; a str is a name that `world` knows.
    seeds : int, range, array of int, SeedSequence, or a sequence of int or SeedSequence
        One machine per seed. A number N means seeds 0 to N - 1.
    lr : float
        The learning rate.
    lr_generative, lr_recognition : float, optional
        Of one network alone.
    lr_recognition_wake : float, optional
        Of the recognition network in the wake phase (reweighted wake-sleep); 0 without it.
    lr_layer : sequence of float, optional
        One per layer, top first, for both networks.
    batch : int
        Rows per step.
    reduction : {"sum", "mean"}
        What a step makes of its rows' gradients.
    particles : int
        Recognitions per row, weighted by importance: reweighted wake-sleep if there are several.
    order : {"iid", "epochs"}
        How rows of a data set are drawn: with replacement, or each once per epoch.
    schedule : str
        "constant", "inverse:DECAY", "exponential:GAMMA[:EVERY]".
    optimizer : str
        "sgd", "momentum:BETA", "adam[:BETA,BETA2,EPSILON]".
    init : str
        "zero", "normal:SCALE", "visible-bias:marginal", "visible-bias:VALUE", joined by "+".
    nonnegative : bool
        Keep the generative weights into the visible layer at 0 or above.
    backend : str
        One of `backends`, or "auto".
    threads : int
        Of the CPU; 0: as many as this process may use.
    devices : sequence of int
        GPUs that the machines are split over; none: the first.
    math : {"fp32", "tf32", "bf16x3"}
        Of backend cuda-layered.
    rng : {"philox", "numpy"}
        "numpy" replays NumPy's legacy stream, of one machine. Pickles and copies keep its place in the stream; what
        `machines[i]` saves does not.

    Notes
    -----
    A machine is a function of its seed, its settings and what it learns: not of the machines beside it, the threads or
    the pieces in which it was trained. Ctrl-C, or an exception of `progress`, ends `train` between two steps.

    Examples
    --------
    >>> import helmholtz as hm
    >>> machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=64, lr=0.05)
    >>> machines.train(50_000)
    >>> machines.kl_quantiles([0.25, 0.5, 0.75]).round(2)
    array([0.25, 0.27, 0.36])
    """

    def __init__(
        self,
        layers: Sequence[int],
        world: Learnt,
        *,
        seeds: Seeds = 1,
        lr: float = 0.05,
        lr_generative: float | None = None,
        lr_recognition: float | None = None,
        lr_recognition_wake: float | None = None,
        lr_layer: Sequence[float] = (),
        batch: SupportsIndex = 1,
        reduction: str = "sum",
        particles: SupportsIndex = 1,
        order: str = "iid",
        schedule: str = "constant",
        optimizer: str = "sgd",
        init: str = "zero",
        nonnegative: bool = False,
        backend: str = "auto",
        threads: SupportsIndex = 0,
        devices: Sequence[int] = (),
        math: str = "fp32",
        rng: str = "philox",
    ) -> None:
        learnt = _learnt(world)
        settings = {
            "layers": as_layers(layers),
            "seeds": seed_array(seeds),
            "lr": float(lr),
            "lr_generative": lr_generative,
            "lr_recognition": lr_recognition,
            "lr_recognition_wake": lr_recognition_wake,
            "lr_layer": [float(rate) for rate in lr_layer],
            "batch": operator.index(batch),
            "particles": operator.index(particles),
            "order": order,
            "reduction": reduction,
            "nonnegative": bool(nonnegative),
            "schedule": schedule,
            "optimizer": optimizer,
            "init": init,
            "backend": backend,
            "threads": operator.index(threads),
            "devices": [operator.index(device) for device in devices],
            "math": math,
            "rng": rng,
        }
        self._start(learnt, settings)

    def _start(self, learnt: World | Dataset, settings: dict[str, Any]) -> None:
        self._world = learnt
        self._settings = settings
        self._resumes: Machine | None = None
        self._core = _core.new_trainer(world=_core_world(learnt), **settings)

    @classmethod
    def _resumed(cls, machine: Machine, world: World | Dataset | None, backend: str, threads: int) -> Machines:
        self = cls.__new__(cls)
        self._start_resumed(machine, world, {"backend": backend, "threads": threads})
        return self

    def _start_resumed(self, machine: Machine, learnt: World | Dataset | None, settings: dict[str, Any]) -> None:
        own = None if learnt is None else _core_world(learnt)
        self._world = World._of(machine._core.world) if learnt is None else learnt
        self._settings = settings
        self._resumes = machine
        self._core = _core.resumed(machine._core, own, **settings)

    @property
    def layers(self) -> list[int]:
        """Units of each layer, top first, the last visible."""
        return self._core.layers

    @property
    def world(self) -> World | Dataset:
        """What they learn."""
        return self._world

    @property
    def seeds(self) -> NDArray[np.uint64]:
        """One per machine."""
        return self._core.seeds()

    @property
    def step(self) -> int:
        """Training steps that each has taken."""
        return self._core.step

    @property
    def backend(self) -> str:
        """What trains them; never "auto"."""
        return self._core.backend

    @property
    def parameters(self) -> Floats:
        """All of them, (machines, parameters), in the order of `Machine.parameters`: a copy. Can be assigned to."""
        return self._core.parameters()

    @parameters.setter
    def parameters(self, values: ArrayLike) -> None:
        self._core.write_parameters(np.ascontiguousarray(values, dtype=np.float32))

    def train(self, steps: SupportsIndex, *, progress: Progress = None) -> None:
        """Take `steps` more steps with every machine.

        Parameters
        ----------
        steps : int
            How many.
        progress : bool, object or callable, optional
            True shows a tqdm bar; an object gets ``update(n)`` after every n steps; a callable gets (done, total). It
            may use the machines.
        """
        total = whole(steps, "steps")
        with shown(progress, total, "steps") as advanced:
            self._core.train(total, advanced)

    def evaluate(
        self,
        X: Any | None = None,
        *,
        exact: bool = True,
        samples: SupportsIndex = 0,
        particles: SupportsIndex = 0,
    ) -> dict[str, NDArray[Any]]:
        """Every machine as it is now.

        Parameters
        ----------
        X : array of uint8 or bool, (rows, visible units), optional
            Rows that the log-likelihood is of; without it, what the machines learn.
        exact : bool
            Compute the exact KL where the hidden states can be enumerated.
        samples : int
            Generated samples for the sampled KL; 0: none.
        particles : int
            Per row, for the log-likelihood; 0: none.

        Returns
        -------
        dict of arrays, (machines,)
            Of "kl_exact", "kl_sampled", "unseen", "log_likelihood", "log_likelihood_error", "elbo" and "effective"
            what was computed, in nats, NaN for a machine that has diverged; and "diverged".
        """
        rows = None if X is None else as_array(X)
        return self._core.evaluate(bool(exact), whole(samples, "samples"), whole(particles, "particles"), rows)

    def kl(self) -> Doubles:
        """Exact KL(world || model) of each machine, in nats; NaN for one that has diverged.

        Raises
        ------
        InvalidArgument
            If what they learn is a data set, or two neighbouring hidden layers have more than 20 units together.
        """
        found = self.evaluate()
        if "kl_exact" in found:
            return found["kl_exact"]
        if isinstance(self._world, Dataset) or self._world._core.is_data:
            raise InvalidArgument("world: got a data set; allowed: an enumerable world", "world")
        raise InvalidArgument(
            f"layers: got {self.layers}; allowed: hidden states that can be enumerated", "layers"
        )

    def kl_quantiles(self, q: ArrayLike = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Doubles:
        """Quantiles over the machines of the exact KL, in nats; those that have diverged are left out."""
        kl = self.kl()
        finite = kl[~np.isnan(kl)]
        levels = np.asarray(q, dtype=np.float64)
        return np.quantile(finite, levels) if len(finite) else np.full(levels.shape, np.nan)

    def log_likelihood(self, X: Any | None = None, *, particles: SupportsIndex = 100) -> Doubles:
        """Mean over rows of ln P(row) of each machine, in nats, by importance sampling.

        Parameters
        ----------
        X : array of uint8 or bool, (rows, visible units), optional
            As `World` takes it; without it, what the machines learn: a world's patterns by their probabilities.
        particles : int
            Per row. The estimate is a lower bound in expectation, which rises with their number.
        """
        found = self.evaluate(X, exact=False, particles=whole(particles, "particles", 1))
        return found["log_likelihood"]

    def __len__(self) -> int:
        return self._core.size

    def __getitem__(self, i: SupportsIndex) -> Machine:
        """Machine number i as it is now; it does not change when these train on."""
        index = operator.index(i)
        if not -len(self) <= index < len(self):
            raise IndexError(f"machine {index} of {len(self)}")
        data = self._world._core if isinstance(self._world, Dataset) else None
        return Machine(self._core.machine(index % len(self), data))

    def __iter__(self) -> Iterator[Machine]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<Machines {len(self)} x {self.layers} on {self.backend}, step {self.step}>"

    def __getstate__(self) -> dict[str, Any]:
        return {
            "world": self._world,
            "settings": self._settings,
            "resumes": self._resumes,
            "step": self.step,
            "parameters": self.parameters,
            "optimizer_states": self._core.optimizer_states(),
            "numpy_state": self._core.numpy_state(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["resumes"] is None:
            self._start(state["world"], state["settings"])
        else:
            self._start_resumed(state["resumes"], state["world"], state["settings"])
        kept = ("step", "parameters", "optimizer_states", "numpy_state")
        self._core.restore(*(state[name] for name in kept))
