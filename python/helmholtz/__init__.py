"""Helmholtz machines, thousands at a time.

A Helmholtz machine is a generative and a recognition sigmoid belief network that teach each other by wake-sleep (Dayan,
Hinton, Neal & Zemel 1995) or reweighted wake-sleep (Bornschein & Bengio 2015). This package trains many independent
ones at once, on all cores of a CPU, and says how well each models its world.

>>> import helmholtz as hm
>>> machines = hm.Machines([1, 6, 9], hm.world("kirby3x3"), seeds=4)
>>> machines.train(1000)
>>> machines.kl().shape
(4,)
"""

from __future__ import annotations

from ._core import version as __version__
from ._backends import Backend, backends
from .errors import BadData, DeviceFailure, InvalidArgument, NoDevice, OutOfDeviceMemory
from ._machines import Layer, Machine, Machines, load
from ._shards import run_shard
from ._sweep import Estimate, Results, Sweep, Table, open_run
from ._worlds import Dataset, World, world, worlds

__all__ = [
    "Backend",
    "BadData",
    "Dataset",
    "DeviceFailure",
    "Estimate",
    "InvalidArgument",
    "Layer",
    "Machine",
    "Machines",
    "NoDevice",
    "OutOfDeviceMemory",
    "Results",
    "Sweep",
    "Table",
    "World",
    "__version__",
    "backends",
    "load",
    "open_run",
    "run_shard",
    "world",
    "worlds",
]
