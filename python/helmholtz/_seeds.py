"""Seeds as people give them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import SupportsIndex, Union

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidArgument

SeedArray = NDArray[np.uint64]
Seeds = Union[
    SupportsIndex, range, "NDArray[np.integer]", np.random.SeedSequence, Sequence[int], Sequence[np.random.SeedSequence]
]


def _of_sequence(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0])


def _one(seed: object) -> int:
    if isinstance(seed, np.random.SeedSequence):
        return _of_sequence(seed)
    try:
        value = operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        raise _refusal(seed) from None
    if not 0 <= value < 2**64:
        raise _refusal(value)
    return value


def _refusal(seed: object) -> InvalidArgument:
    return InvalidArgument(f"seeds: got {seed!r}; allowed: whole numbers from 0 to 2^64 - 1", "seeds")


def _count(seeds: SupportsIndex) -> range:
    count = operator.index(seeds)
    if count < 1:
        raise InvalidArgument(f"seeds: got {count}; allowed: 1 or more of them", "seeds")
    return range(count)


def _listed(seeds: Seeds) -> Iterable[object]:
    if isinstance(seeds, np.random.SeedSequence):
        return [seeds]
    if isinstance(seeds, np.ndarray):
        if seeds.ndim != 1 or seeds.dtype.kind not in "iu":
            raise InvalidArgument("seeds: got another array; allowed: one dimension of integers", "seeds")
        return list(seeds.tolist())
    if isinstance(seeds, SupportsIndex):
        return _count(seeds)
    if isinstance(seeds, Iterable):
        return seeds
    raise _refusal(seeds)


def seed_array(seeds: Seeds) -> SeedArray:
    """One seed per machine. A number N means seeds 0 to N-1, as ``range(N)`` does; a SeedSequence is one machine's.

    >>> seed_array(3)
    array([0, 1, 2], dtype=uint64)
    >>> seed_array(np.random.SeedSequence(7).spawn(2)).shape
    (2,)
    """
    listed = _listed(seeds)
    if isinstance(listed, range):
        if len(listed) > 0:
            _one(listed[0]), _one(listed[-1])
        return np.array(listed, dtype=np.uint64)
    return np.array([_one(seed) for seed in listed], dtype=np.uint64)


def seed_text(seeds: Seeds) -> str:
    """The same as a sweep's configuration has it.

    >>> seed_text(4096), seed_text(range(5, 8)), seed_text([3, 9])
    ('0:4096', '5:8', '3,9')
    """
    listed = _listed(seeds)
    if isinstance(listed, range) and listed.step == 1 and len(listed) > 0:
        return f"{_one(listed.start)}:{_one(listed.stop - 1) + 1}"
    return ",".join(str(_one(seed)) for seed in listed)
