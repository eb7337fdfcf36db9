"""What trains machines here."""

from __future__ import annotations

from typing import NamedTuple

from . import _core

__all__ = ["Backend", "backends"]


class Backend(NamedTuple):
    """One implementation of a training step."""

    name: str
    summary: str  #: what it is for
    exact: bool  #: whether it gives the same bits as every other exact one
    available: bool
    detail: str  #: what it runs on, or why it cannot run


def backends() -> list[Backend]:
    """All that there are, whether they can run here or not.

    Examples
    --------
    >>> import helmholtz as hm
    >>> [backend.name for backend in hm.backends() if backend.available][:3]
    ['reference', 'cpu-fused', 'cpu-layered']
    """
    return [Backend(*row) for row in _core.backends()]
