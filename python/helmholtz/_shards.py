"""One shard of a sweep's directory, and who may train it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, SupportsIndex, Union

from . import _core
from ._checks import whole
from ._worlds import PathLike

__all__ = ["Executor", "run_shard"]


class SupportsSubmit(Protocol):
    """An executor of concurrent.futures or mpi4py.futures, or a dask.distributed.Client."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any: ...


Executor = Union[SupportsSubmit, Callable[[], SupportsSubmit]]


@functools.lru_cache(maxsize=4)
def _spec(folder: Path, _written: int) -> _core.SweepSpec:
    """A directory's sweep, whose data are read once per worker."""
    return _core.spec_of_directory(os.fspath(folder))


def run_shard(path: PathLike, shard: SupportsIndex, threads: SupportsIndex = 1, attempt: int = 0) -> None:
    """Train one shard of a sweep's directory, unless it is there: the task of `Sweep.run` with an executor.

    Its result is the file, with the same bytes whoever trains it.

    Parameters
    ----------
    path : path-like
        The directory, which `Sweep.run` or the program has made.
    shard : int
        Its number.
    threads : int
        Of the CPU; 0: as many as the process may use.
    attempt : int
        Ignored: it tells a second try from the first, where an executor keeps results by their arguments.
    """
    folder = Path(path).resolve()
    spec = _spec(folder, (folder / "config.toml").stat().st_mtime_ns)
    spec.run_shard(os.fspath(folder), whole(shard, "shard"), whole(threads, "threads"))
