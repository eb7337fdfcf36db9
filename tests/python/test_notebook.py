import json
from pathlib import Path

import numpy as np
import pytest

import helmholtz as hm
from helmholtz.notebook import HM, SBN, World

RUNS = Path(__file__).parents[1] / "data" / "notebook_numpy.jsonl"


@pytest.mark.parametrize("line", RUNS.read_text().splitlines())
def test_its_cells_print_their_own_digits(line):
    run = json.loads(line)
    np.random.seed(run["seed"])
    world = World()
    hm_ = HM(run["layers"])
    for printed in run["hist"]:
        hm_.learn(world, run["steps"], run["lr"])
        assert hm_.evaluate(world, run["samples"]) == pytest.approx(float(printed), abs=1e-12)


def test_its_networks_are_the_machines():
    machine = HM([1, 3, 9], rng="philox", seed=5)
    world = World()
    machine.learn(world, 1000, 0.1)
    same = hm.Machines([1, 3, 9], "kirby3x3", seeds=[5], lr=0.1)
    same.train(1000)
    samples = machine.sample(20_000)
    assert samples.shape == (20_000, 9)
    expected = same[0].sample(20_000).mean(axis=0)
    assert np.all(np.abs(samples.mean(axis=0) - expected) < 7 * np.sqrt(0.25 / 20_000))
    machine._recognition_network(world.sample())
    assert [layer.shape for layer in machine._recognition_network.state()] == [(1, 9), (1, 3), (1, 1)]


def test_its_world():
    world = World()
    assert world.valid_observations().shape == (12, 9)
    assert any(np.array_equal(world.sample()[0], row) for row in world.valid_observations())
    assert world.kl(hm.world("kirby3x3").probabilities) == pytest.approx(0)


def test_an_untrained_network_draws_fair_coins():
    np.random.seed(1)
    drawn = SBN([3, 5], include_bias_layer=True)(np.zeros((4000, 1)))
    assert drawn.shape == (4000, 5)
    assert np.all(np.abs(drawn.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(4000))


def test_it_needs_a_seed_that_it_can_see():
    np.random.seed(1)
    np.random.random()
    with pytest.raises(hm.InvalidArgument) as refused:
        HM([1, 9]).learn(World(), 1, 0.1)
    assert refused.value.field == "seed"


def test_a_machine_has_one_world_and_one_rate():
    machine, world = HM([1, 9], seed=3), World()
    machine.learn(world, 1, 0.1)
    for arguments in ((World(), 1, 0.1), (world, 1, 0.2)):
        with pytest.raises(hm.InvalidArgument):
            machine.learn(*arguments)
