"""A Helmholtz machine as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ._machines import Machine, Machines
from ._worlds import Bits, Dataset

__all__ = ["HelmholtzMachine"]

Matrix = NDArray[np.float64]


class HelmholtzMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A sigmoid belief network with a recognition network, trained by (reweighted) wake-sleep.

    A density model of binary rows, and a transformer into the units that the recognition network finds in them.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(1, 8)
        Units of each hidden layer, top first.
    learning_rate : float, default=0.1
        For the mean over a batch.
    batch_size : int, default=10
        Rows per step.
    n_iter : int, default=10
        Passes over the rows.
    particles : int, default=1
        Recognitions per row: 1 is wake-sleep, more are reweighted wake-sleep.
    optimizer : str, default="sgd"
        As of `helmholtz.Machines`.
    init : str, default="normal:0.1"
        Likewise.
    binarize : float or None, default=0.0
        Values above it are 1, the others 0. With None, rows must be 0 and 1.
    score_particles : int, default=100
        Of the log-likelihood, where the hidden states cannot be enumerated: where two neighbouring hidden layers have
        more than 20 units together. A row's estimate then depends on its place among the rows.
    random_state : int, RandomState or None, default=None
        The same int gives the same bits.
    backend : str, default="auto"
        As of `helmholtz.Machines`.

    Attributes
    ----------
    machine_ : helmholtz.Machine
        What was learnt.
    n_features_in_ : int
        Visible units.

    Examples
    --------
    >>> import numpy as np
    >>> from helmholtz.sklearn import HelmholtzMachine
    >>> X = np.repeat(np.eye(4), 50, axis=0)
    >>> model = HelmholtzMachine((1, 6), n_iter=50, random_state=0).fit(X)
    >>> model.transform(X).shape
    (200, 6)
    >>> bool(model.score(X) > HelmholtzMachine((1, 6), n_iter=1, random_state=0).fit(X).score(X))
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (1, 8),
        *,
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        particles: int = 1,
        optimizer: str = "sgd",
        init: str = "normal:0.1",
        binarize: float | None = 0.0,
        score_particles: int = 100,
        random_state: Any = None,
        backend: str = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.particles = particles
        self.optimizer = optimizer
        self.init = init
        self.binarize = binarize
        self.score_particles = score_particles
        self.random_state = random_state
        self.backend = backend

    def fit(self, X: Any, y: Any = None) -> HelmholtzMachine:
        """Learn rows from the beginning.

        Parameters
        ----------
        X : array-like, (rows, features)
            See `binarize`.
        y : ignored
        """
        rows = self._units(X, reset=True)
        return self._train(self._new(rows), self.n_iter, rows)

    def partial_fit(self, X: Any, y: Any = None) -> HelmholtzMachine:
        """Learn rows with about one pass over them, beginning with what was learnt before.

        Parameters
        ----------
        X : array-like, (rows, features)
            See `binarize`.
        y : ignored
        """
        is_first = not hasattr(self, "machine_")
        rows = self._units(X, reset=is_first)
        machines = self._new(rows) if is_first else self.machine_.resume(Dataset(train=rows), backend=self.backend)
        return self._train(machines, 1, rows)

    def transform(self, X: Any) -> Matrix:
        """P(unit = 1 | row) of the units of the hidden layer next to the rows, by the recognition network.

        Parameters
        ----------
        X : array-like, (rows, features)
            See `binarize`.
        """
        check_is_fitted(self)
        weights, biases = (np.asarray(values, np.float64) for values in self.machine_.recognition[-1])
        return np.asarray(1 / (1 + np.exp(-(self._units(X) @ weights.T + biases))))

    def score_samples(self, X: Any) -> Matrix:
        """ln P(row) of each row, in nats: exact where it can be, else a lower bound in expectation.

        Parameters
        ----------
        X : array-like, (rows, features)
            See `binarize`.
        """
        check_is_fitted(self)
        particles = None if self.machine_._core.is_enumerable else self.score_particles
        return self.machine_.log_prob(self._units(X), particles=particles)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`.

        Parameters
        ----------
        X : array-like, (rows, features)
            See `binarize`.
        y : ignored
        """
        return float(np.mean(self.score_samples(X)))

    def sample(self, n_samples: int = 1) -> Bits:
        """Rows that the generative network draws: the same ones each time.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        """
        check_is_fitted(self)
        return self.machine_.sample(n_samples)

    def _units(self, X: Any, reset: bool = False) -> Bits:
        values = validate_data(self, X, reset=reset, dtype="numeric")
        if self.binarize is not None:
            return np.ascontiguousarray(values > self.binarize, dtype=np.uint8)
        if not np.all((values == 0) | (values == 1)):
            raise ValueError("X: got other values than 0 and 1, which binarize=None allows")
        return np.ascontiguousarray(values, dtype=np.uint8)

    def _new(self, rows: Bits) -> Machines:
        seed = check_random_state(self.random_state).randint(2**31)
        return Machines(
            [*self.hidden_layer_sizes, rows.shape[1]],
            Dataset(train=rows),
            seeds=[seed],
            lr=self.learning_rate,
            batch=self.batch_size,
            reduction="mean",
            particles=self.particles,
            order="epochs",
            optimizer=self.optimizer,
            init=self.init,
            backend=self.backend,
        )

    def _train(self, machines: Machines, passes: int, rows: Bits) -> HelmholtzMachine:
        machines.train(passes * -(-len(rows) // self.batch_size))
        self.machine_: Machine = machines[0]
        self._n_features_out = self.hidden_layer_sizes[-1]
        return self
