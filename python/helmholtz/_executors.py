"""Shards of a sweep's directory, trained by an executor's workers.

Imported when there is an executor: asyncio and concurrent.futures take nearly as long as the package itself.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import queue
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from pathlib import Path
from typing import Any

from ._shards import Executor, run_shard

__all__ = ["done_by"]

TRIES = 4  # of a shard whose task fails
PAUSE = 1.0  # seconds before a shard's second try, and twice as long before each later one, but
LONGEST_PAUSE = 60.0  # no longer: a worker that is given up may hold the shard for as long as it trains


class _Dealer:
    """Shards that are not done, and the executor that has them."""

    def __init__(self, executor: Executor, task: Callable[[int, int], tuple[Any, ...]]) -> None:
        given: Any = executor
        is_factory = isinstance(given, type) or not hasattr(given, "submit")
        self._make: Any = given if is_factory else None
        self._executor: Any = given() if is_factory else given
        self._task = task
        self._over: queue.SimpleQueue[tuple[int, Any, Any]] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._attempts = itertools.count()
        self._failures: Counter[int] = Counter()
        self._pauses: dict[int, float] = {}  # before the next try of a shard
        self._due: list[tuple[float, int]] = []  # a heap
        self._broken = 0  # executors, since a shard was done

    def submit(self, shard: int) -> None:
        executor = self._executor
        try:
            future = executor.submit(run_shard, *self._task(shard, next(self._attempts)))
        except BrokenExecutor as error:
            self._replace(executor, error)
            return self.submit(shard)
        self._futures[shard] = future
        future.add_done_callback(lambda done: self._over.put((shard, done, executor)))

    def done(self) -> Iterator[int]:
        """Each shard, when it is a file. Signals are handled many times per second meanwhile."""
        while self._futures or self._due:
            self._submit_due()
            try:
                shard, future, executor = self._over.get(timeout=0.05)
            except queue.Empty:
                continue
            del self._futures[shard]
            error = _error_of(future)
            if error is None:
                self._broken = 0
                yield shard
            elif isinstance(error, BrokenExecutor):
                self._replace(executor, error)
                self.submit(shard)
            else:
                self._try_again(shard, error)

    def close(self, wait: bool) -> None:
        for future in self._futures.values():
            future.cancel()
        if self._make is not None:
            self._executor.shutdown(wait=wait)

    def _try_again(self, shard: int, error: BaseException) -> None:
        is_locked = isinstance(error, BlockingIOError)  # another process trains it: no failure
        self._failures[shard] += not is_locked
        if not is_locked and self._failures[shard] == TRIES:
            raise error
        pause = self._pauses.get(shard, PAUSE)
        self._pauses[shard] = min(2 * pause, LONGEST_PAUSE)
        heapq.heappush(self._due, (time.monotonic() + pause, shard))

    def _submit_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            self.submit(heapq.heappop(self._due)[1])

    def _replace(self, broken: Any, error: BaseException) -> None:
        """A new executor for one that has lost a worker, and takes nothing more."""
        if broken is not self._executor:
            return  # that was done
        self._broken += 1
        if self._make is None or self._broken == TRIES:
            raise error
        broken.shutdown(wait=False)
        self._executor = self._make()


def _error_of(future: Any) -> BaseException | None:
    try:
        error: BaseException | None = future.exception()
    except (CancelledError, asyncio.CancelledError) as cancelled:
        return cancelled
    return error


def done_by(executor: Executor, folder: Path, shards: Iterable[int], threads: int) -> Generator[int, None, None]:
    """Trains shards of a directory by an executor. Each is yielded when it is a file; close() cancels the rest."""
    dealer = _Dealer(executor, lambda shard, attempt: (os.fspath(folder.resolve()), shard, threads, attempt))
    wait = False
    try:
        for shard in shards:
            dealer.submit(shard)
        yield from dealer.done()
        wait = True
    finally:
        dealer.close(wait)
