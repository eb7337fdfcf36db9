"""Checks of arguments that the extension does not make."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from .errors import InvalidArgument


def whole(value: SupportsIndex, field: str, least: int = 0) -> int:
    """A whole number of `least` or more."""
    number = operator.index(value)
    if number < least:
        raise InvalidArgument(f"{field}: got {number}; allowed: {least} or more", field)
    return number


def as_array(rows: Any) -> Any:
    """Rows as they are, or a list of lists as an array."""
    return np.asarray(rows, dtype=np.uint8) if isinstance(rows, (list, tuple)) else rows


def as_layers(layers: Sequence[int]) -> list[int]:
    return [operator.index(size) for size in layers]


def as_shape(shape: tuple[int, int] | None, rows: Any) -> tuple[int, int] | None:
    """A shape that is given, or that of rows which are images."""
    if shape is not None:
        height, width = shape
        return operator.index(height), operator.index(width)
    own: tuple[int, ...] = tuple(getattr(rows, "shape", ()))
    return (int(own[1]), int(own[2])) if len(own) == 3 else None
