import multiprocessing

import numpy as np
import pytest

import helmholtz as hm


@pytest.fixture
def bars():
    return hm.world("bars4x4")


@pytest.fixture
def trained():
    """Eight small machines that have learnt something."""
    machines = hm.Machines([2, 4, 9], "kirby3x3", seeds=8, lr=0.1)
    machines.train(2000)
    return machines


@pytest.fixture
def rows():
    return (np.random.default_rng(3).random((20, 9)) < 0.4).astype(np.uint8)


@pytest.fixture(params=["fork", "forkserver", "spawn"])
def start_method(request):
    return multiprocessing.get_context(request.param)
