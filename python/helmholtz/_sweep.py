"""Sweeps: every configuration of a few lists with every seed, in memory or in a directory that resumes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex, Union

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._checks import whole
from ._files import keep
from ._progress import Advanced, Progress, shown
from ._seeds import Seeds, seed_text
from .errors import InvalidArgument
from ._machines import Machine
from ._shards import Executor
from ._worlds import Dataset, Doubles, PathLike, World

__all__ = ["Estimate", "Results", "Sweep", "Table", "open_run"]

Column = NDArray[Any]
OneOrMore = Union[float, Sequence[float]]


class Table(Mapping[str, Column]):
    """Columns of the same length, by name.

    Examples
    --------
    >>> import numpy as np
    >>> table = Table({"seed": np.array([7, 9]), "kl": np.array([0.25, 0.5])})
    >>> table["kl"]
    array([0.25, 0.5 ])
    >>> table
    Table(2 rows: seed, kl)
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)

    @property
    def rows(self) -> int:
        """How many."""
        return len(next(iter(self._columns.values()), ()))

    def to_pandas(self) -> Any:
        """As a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(self._columns)

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self._columns)})"


class Estimate(NamedTuple):
    """What a sweep would take."""

    seconds: float  #: to train and to evaluate every machine
    machine_steps_per_second: float  #: of the training alone
    device_bytes: float  #: of devices' memory, for the machines trained at once


class Sweep:
    """Every configuration of a few lists with every seed.

    Parameters
    ----------
    layers : sequence of int, or sequence of such
        A topology, or several.
    world : World, Dataset or str
        What the machines learn.
    seeds
        As of `Machines`. A sweep of more seeds begins with the same machines.
    lr, batch, particles : number or sequence of numbers
        As of `Machines`; each may be a list.
    schedule, optimizer, init : str or sequence of str
        Likewise.
    steps : int
        Training steps of each machine.
    eval_every : int, optional
        Steps between evaluations; the last step is always evaluated. Without it, a tenth of the steps.
    samples : int
        For the sampled KL; 0: the exact one only.
    log_likelihood : int
        Particles per row for the log-likelihood; 0: none.
    save_parameters : str
        "none", "all", or "best:K" of each configuration and shard.
    **settings
        Further names of the program's flags, with underscores: ``lr_generative``, ``lr_recognition``,
        ``lr_recognition_wake``, ``lr_layer``, ``mean``, ``nonnegative``, ``order``, ``split``, ``rows``, ``backend``,
        ``threads``, ``device``, ``math``.

    Examples
    --------
    >>> import helmholtz as hm
    >>> sweep = hm.Sweep([1, 6, 9], "kirby3x3", seeds=8, lr=[0.02, 0.05], steps=2000, eval_every=1000)
    >>> sweep
    <Sweep of 16 machines: 2 configurations x 8 seeds, 2000 steps>
    >>> results = sweep.run()
    >>> results
    <Results of 16 machines, 2 evaluations>
    >>> results["kl_exact"].shape
    (16, 2)
    """

    def __init__(
        self,
        layers: Sequence[int] | Sequence[Sequence[int]] = (1, 6, 9),
        world: World | Dataset | str = "kirby3x3",
        *,
        seeds: Seeds = 1024,
        lr: OneOrMore = 0.05,
        batch: OneOrMore = 1,
        particles: OneOrMore = 1,
        schedule: str | Sequence[str] = "constant",
        optimizer: str | Sequence[str] = "sgd",
        init: str | Sequence[str] = "zero",
        steps: SupportsIndex = 50_000,
        eval_every: SupportsIndex | None = None,
        samples: SupportsIndex = 0,
        log_likelihood: SupportsIndex = 0,
        save_parameters: str = "none",
        **settings: Any,
    ) -> None:
        fields = dict(
            settings,
            layers=layers,
            seeds=seed_text(seeds),
            lr=lr,
            batch=batch,
            particles=particles,
            schedule=schedule,
            optimizer=optimizer,
            init=init,
            steps=whole(steps, "steps"),
            samples=whole(samples, "samples"),
            log_likelihood=whole(log_likelihood, "log_likelihood"),
            save_parameters=save_parameters,
            **_named(world),
        )
        if eval_every is not None:
            fields["eval_every"] = whole(eval_every, "eval_every", 1)
        self._start(
            {name: _plain(value) for name, value in fields.items()},
            None if isinstance(world, str) or _named(world) else world,
        )

    def _start(self, fields: dict[str, Any], arrays: World | Dataset | None) -> None:
        """What pickles and copies are made of: settings, and what machines learn where no name says it."""
        self._fields = fields
        self._arrays = arrays
        world_core = self._arrays._core if isinstance(self._arrays, World) else None
        data_core = self._arrays._core if isinstance(self._arrays, Dataset) else None
        self._spec = _core.sweep_spec(_toml(fields), world_core, data_core)
        self._spec.validate()

    def _spec_in(self, folder: Path) -> _core.SweepSpec:
        """What the extension trains in a folder: arrays are files there."""
        if self._arrays is None:
            return self._spec
        fields, files = self._arrays._files_for(folder)
        for name, content in files.items():
            keep(folder / name, content)
        return _core.sweep_spec(_toml({**self._fields, **fields}), None, None)

    def __len__(self) -> int:
        """How many machines it has."""
        return self._spec.machines

    @property
    def configurations(self) -> int:
        """How many there are."""
        return self._spec.configurations

    def estimate(self, seconds: float = 1.0) -> Estimate:
        """What it would take, measured on machines of its own for about so many seconds."""
        return Estimate(**self._spec.estimate(float(seconds)))

    def run(
        self,
        path: PathLike | None = None,
        *,
        part: tuple[int, int] = (0, 1),
        executor: Executor | None = None,
        progress: Progress = None,
    ) -> Results:
        """Train and evaluate the machines.

        Parameters
        ----------
        path : path-like, optional
            The sweep's directory, which is created. The same call resumes a sweep that was stopped or crashed, and
            returns at once if it is complete. Without it, all is in memory.
        part : (int, int)
            Part k of n of the directory's shards: several processes or hosts may share one.
        executor : object with submit, or callable, optional
            Who trains the shards of the directory, `run_shard` each with one thread unless `threads` says otherwise: a
            dask.distributed.Client, or an executor of concurrent.futures or mpi4py.futures, whose workers see the
            directory. A task that fails is submitted again, three times at most; a shard that another process holds,
            until it is there. A process pool that has lost a worker takes nothing more: give a callable that returns
            one, e.g. ``lambda: ProcessPoolExecutor(4)``, and it is replaced.
        progress : bool, object or callable, optional
            As of `Machines.train`, in machine-steps.

        Returns
        -------
        Results
            Every machine that is done, of all parts.
        """
        total = len(self) * self._spec.steps
        if executor is not None and (path is None or tuple(part) != (0, 1)):
            raise InvalidArgument("executor: got one; allowed: only for a whole sweep in a directory", "executor")
        with shown(progress, total, "steps") as advanced:
            if path is None:
                return Results(self._spec.run_in_memory(advanced))
            folder = Path(path)
            spec = self._spec_in(folder)
            if executor is not None:
                self._run_by(executor, spec, folder, advanced)
                advanced = None  # all that is left is to sum it up
            for text in spec.run_in_directory(os.fspath(folder), part, advanced):
                warnings.warn(text, RuntimeWarning, stacklevel=2)
        return open_run(folder)

    def _run_by(self, executor: Executor, spec: _core.SweepSpec, folder: Path, advanced: Advanced | None) -> None:
        from ._executors import done_by

        each, missing = spec.missing_shards(os.fspath(folder))

        def advance(machines: int) -> None:
            if advanced is not None:
                advanced(machines * spec.steps)

        machines = {shard: min(each, len(self) - shard * each) for shard in missing}
        advance(len(self) - sum(machines.values()))
        threads = int(self._fields.get("threads", 0)) or 1
        # When `advance` raises, tasks are cancelled at once, not when the iterator happens to be freed.
        with contextlib.closing(done_by(executor, folder, missing, threads)) as shards:
            for shard in shards:
                advance(machines[shard])

    def __repr__(self) -> str:
        seeds = len(self) // self.configurations
        return (
            f"<Sweep of {len(self)} machines: {self.configurations} configurations x {seeds} seeds, "
            f"{self._spec.steps} steps>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"fields": self._fields, "arrays": self._arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._start(state["fields"], state["arrays"])


class Results:
    """Machines of a sweep that are done: what `Sweep.run` and `open_run` return.

    ``results["kl_exact"]`` is a metric of all of them, (machines, evaluations), in nats, NaN where a machine had
    diverged. A pickle of them names their directory, which is read again; results in memory cannot be pickled.
    """

    def __init__(self, core: _core.Results, path: Path | None = None) -> None:
        self._core = core
        self.path = path
        self._place = None if path is None else path.absolute()  # wherever the process goes

    @property
    def machines(self) -> NDArray[np.uint64]:
        """The number of each machine, which `replay` takes."""
        return self._core.machines()

    @property
    def seeds(self) -> NDArray[np.uint64]:
        """The seed of each machine."""
        return self._core.seeds()

    @property
    def configurations(self) -> NDArray[np.uint32]:
        """The number of each machine's configuration, a row of `settings`."""
        return self._core.configurations()

    @property
    def steps(self) -> NDArray[np.uint64]:
        """When each evaluation took place."""
        return self._core.steps()

    @property
    def metrics(self) -> list[str]:
        """What was computed."""
        return self._core.metrics

    @property
    def is_complete(self) -> bool:
        """Whether every machine of the sweep is done."""
        return len(self) == self._core.total

    @property
    def settings(self) -> Table:
        """The configurations, a row each."""
        rows = [self._core.settings(c) for c in range(self._core.configuration_count)]
        return Table({name: np.array([row[name] for row in rows]) for name in rows[0]})

    def summary(self) -> Table:
        """How the machines of each configuration are spread, evaluation by evaluation: as summary.csv has it.

        Raises
        ------
        InvalidArgument
            Unless the sweep is complete.
        """
        if not self.is_complete:
            raise InvalidArgument(
                f"machines: got {len(self)} that are done; allowed: all {self._core.total}", "machines"
            )
        return _table_of(self._core.summary_csv())

    def to_pandas(self) -> Any:
        """A pandas DataFrame with a row per machine and evaluation."""
        evaluations = len(self.steps)
        columns: dict[str, Column] = {
            "machine": np.repeat(self.machines, evaluations),
            "seed": np.repeat(self.seeds, evaluations),
        }
        for name, values in self._settings_of_machines().items():
            columns[name] = np.repeat(values, evaluations)
        columns["step"] = np.tile(self.steps, len(self))
        columns.update((name, self[name].ravel()) for name in self.metrics)
        return Table(columns).to_pandas()

    def to_xarray(self) -> Any:
        """An xarray Dataset with dimensions machine and step."""
        import xarray

        coordinates = {"seed": ("machine", self.seeds)}
        coordinates.update((name, ("machine", values)) for name, values in self._settings_of_machines().items())
        return xarray.Dataset(
            {name: (("machine", "step"), self[name]) for name in self.metrics},
            coords={"machine": self.machines, "step": self.steps, **coordinates},
        )

    def replay(self, machine: SupportsIndex, *, progress: Progress = None) -> Machine:
        """Train one machine again, from nothing but its number.

        Parameters
        ----------
        machine : int
            One of `machines`; it need not be done.

        Raises
        ------
        BadData
            If its last evaluation is not the one that was recorded.
        """
        number = whole(machine, "machine")
        with shown(progress, int(self.steps[-1]), "steps") as advanced:
            return Machine(self._core.replay(number, advanced))

    def __getitem__(self, metric: str) -> Doubles:
        return self._core.column(metric)

    def __len__(self) -> int:
        return self._core.size

    def __repr__(self) -> str:
        place = "" if self.path is None else f" in {str(self.path)!r}"
        return f"<Results of {len(self)} machines, {len(self.steps)} evaluations{place}>"

    def __copy__(self) -> Results:
        return Results(self._core, self.path)  # nothing changes what it holds

    def __deepcopy__(self, _memo: dict[int, Any]) -> Results:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            raise TypeError(
                "results in memory cannot be pickled: no file holds them; run the sweep in a directory, or pickle the "
                "Sweep, or what to_pandas() and to_xarray() return"
            )
        return open_run, (self._place,)

    def _settings_of_machines(self) -> dict[str, Column]:
        return {name: values[self.configurations] for name, values in self.settings.items()}


def open_run(path: PathLike) -> Results:
    """The machines of a sweep's directory that are done, by the program or `Sweep.run`.

    Parameters
    ----------
    path : path-like
        The directory.

    Raises
    ------
    FileNotFoundError
        If it holds no sweep.
    BadData
        If its files contradict each other.
    """
    folder = Path(path)
    return Results(_core.results_of(os.fspath(folder)), folder)


def _has_name(world: World) -> bool:
    """Whether the extension finds a world by its name."""
    return world.name.startswith("file:") or world.name in dict(_core.world_names())


def _named(what: World | Dataset | str) -> dict[str, Any]:
    """The fields that say what machines learn."""
    if isinstance(what, str):
        return {"world": what}
    if isinstance(what, World):
        return {"world": what.name} if _has_name(what) else {}
    if what._files is None:
        return {}
    return {**{name: file for name, file in what._files.items() if file}, "binarize": what._binarize}


def _plain(value: Any) -> Any:
    """A value as JSON, and so TOML, has it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, range)):
        return [_plain(one) for one in value]
    return value


def _toml(fields: Mapping[str, Any]) -> str:
    lines = (f"{name.replace('_', '-')} = {json.dumps(value)}" for name, value in fields.items())
    return "\n".join(lines) + "\n"


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _table_of(text: str) -> Table:
    names, *rows = csv.reader(io.StringIO(text))
    return Table({name: _column([row[i] for row in rows]) for i, name in enumerate(names)})


def _column(texts: list[str]) -> Column:
    """Numbers where all are, or are empty."""
    for convert in (int, _number):
        try:
            return np.array([convert(text) for text in texts])
        except ValueError:
            continue
    return np.array(texts)
