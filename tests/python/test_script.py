"""The script of python/README.md, as a user writes it."""

import numpy as np
import pytest

import helmholtz as hm


def test_machines(bars, tmp_path):
    X = bars.patterns[:20]
    m = hm.Machines([1, 8, 16], bars, seeds=256, lr=0.1)
    m.train(20_000, progress=True)
    assert m.kl().shape == m.log_likelihood(X, particles=100).shape == (256,)
    low, median, high = m.kl_quantiles([0.05, 0.5, 0.95])
    assert low < median < high
    assert median < 1.5  # nats; ln(2^16) - entropy = 7.7 before training
    m2 = m[2]
    assert m2.generative[2].weights.shape == (16, 8)
    assert m2.sample(5).shape == (5, 16)
    assert [layer.shape for layer in m2.recognise(bars.patterns)] == [(30, 1), (30, 8)]
    assert m2.log_prob(bars.patterns).shape == (30,)
    m2.save(tmp_path / "m2.h5")
    assert np.array_equal(hm.load(tmp_path / "m2.h5").parameters, m2.parameters)


def test_exact_values_agree(bars):
    """KL(world || model) = -entropy - sum P ln Q, whichever way Q is computed."""
    m = hm.Machines([1, 8, 16], bars, seeds=[7], lr=0.1)
    m.train(5000)
    cross_entropy = -np.sum(bars.probabilities * m[0].log_prob(bars.patterns))
    assert m.kl()[0] == pytest.approx(cross_entropy - bars.entropy, abs=1e-9)
    estimated = m.log_likelihood(particles=20_000)[0]
    assert estimated == pytest.approx(-cross_entropy, abs=0.02)


def test_data(rows):
    data = hm.Dataset(train=rows[:15], valid=rows[15:])
    m = hm.Machines([4, 9], data, seeds=4, lr=0.05, batch=5, order="epochs")
    m.train(300)
    of_valid = m.log_likelihood(data["valid"], particles=500)
    assert of_valid.shape == (4,)
    assert of_valid[1] == pytest.approx(np.mean(m[1].log_prob(data["valid"])), abs=0.1)


@pytest.mark.parametrize("learnt", ["name", "patterns", "rows"])
def test_sweep(tmp_path, rows, learnt):
    world = {
        "name": "kirby3x3",
        "patterns": hm.World(rows, shape=(3, 3)),
        "rows": hm.Dataset(train=rows, valid=rows),
    }[learnt]
    particles = 10 if learnt == "rows" else 0
    sweep = hm.Sweep([[1, 6, 9], [1, 8, 9]], world, seeds=8, lr=[0.02, 0.05], steps=1000, log_likelihood=particles)
    assert len(sweep) == 32
    assert sweep.estimate(0.05).seconds > 0
    for run in (sweep.run(), sweep.run(tmp_path / "run"), sweep.run(tmp_path / "run")):
        assert run.is_complete
        frame = run.summary().to_pandas()
        assert len(frame) == 4 * 10
        assert set(frame["layers"]) == {"1,6,9", "1,8,9"}
        assert run.to_xarray()[run.metrics[0]].dims == ("machine", "step")
        assert run.replay(17).step == 1000
