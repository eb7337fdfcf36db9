"""Progress as people want to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, Union


class SupportsUpdate(Protocol):
    """What a tqdm bar is."""

    def update(self, n: Any, /) -> Any: ...


Progress = Union[bool, None, SupportsUpdate, Callable[[int, int], object]]
Advanced = Callable[[float], object]


def _bar(total: int, unit: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError("progress=True needs tqdm: pip install 'helmholtz-machines[progress]'") from None
    return tqdm(total=total, unit=unit, unit_scale=True)


def _counting(function: Callable[[int, int], object], total: int) -> Advanced:
    done = 0

    def advanced(n: float) -> None:
        nonlocal done
        done += int(n)
        function(done, total)

    return advanced


@contextmanager
def shown(progress: Progress, total: int, unit: str) -> Iterator[Advanced | None]:
    """What work calls with the units it has done since the last call; None: nobody looks.

    `progress` is True (a tqdm bar), an object with ``update(n)``, or a callable that gets (done, total).
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        with _bar(total, unit) as bar:
            yield lambda n: bar.update(int(n))
    elif hasattr(progress, "update"):
        update = progress.update
        yield lambda n: update(int(n))
    elif callable(progress):
        yield _counting(progress, total)
    else:
        raise TypeError(f"progress: got {type(progress).__name__}; allowed: bool, an object with update(n), a callable")
