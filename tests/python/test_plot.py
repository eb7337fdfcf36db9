import numpy as np
import pytest
from matplotlib import pyplot

import helmholtz as hm
from helmholtz import plot


@pytest.fixture(autouse=True)
def without_windows():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.fixture
def results():
    return hm.Sweep([1, 6, 9], seeds=30, lr=[0.05, 0.1], steps=500, eval_every=100, log_likelihood=5).run()


def test_a_fan_has_the_quantiles(results):
    ax = plot.fan(results, configuration=1)
    values = results["kl_exact"][results.configurations == 1]
    (median,) = ax.get_lines()
    assert np.array_equal(median.get_xdata(), results.steps)
    assert np.array_equal(median.get_ydata(), np.median(values, axis=0))
    wide = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (wide.min(), wide.max()) == pytest.approx(
        (np.quantile(values, 0.05, axis=0).min(), np.quantile(values, 0.95, axis=0).max())
    )
    assert ax.get_title() == "layers 1,6,9, lr 0.1, batch 1"
    assert plot.fan(results, "log_likelihood").get_ylabel() == "log likelihood / nats"


def test_distributions_are_the_last_values(results):
    lines = plot.distributions(results).get_lines()
    assert len(lines) == 2
    for configuration, line in enumerate(lines):
        last = results["kl_exact"][results.configurations == configuration, -1]
        assert np.array_equal(line.get_xdata(), np.sort(last))
        assert line.get_ydata()[-1] == 1


def test_images_are_the_weights_and_the_samples(trained):
    machine = trained[2]
    image = plot.receptive_fields(machine).images[0].get_array()
    assert image.shape == (9, 9)  # four fields of 3 x 3, and margins
    fields = machine.generative[-1].weights.T.reshape(4, 3, 3)
    assert np.allclose(image[5:8, 1:4], fields[2])
    assert np.isnan(np.asarray(image.filled(np.nan))[:, 4]).all()
    drawn = plot.samples(machine, 4).images[0].get_array()
    assert np.array_equal(drawn[1:4, 5:8], machine.sample(4)[1].reshape(3, 3))
    world = hm.world("kirby3x3")
    ax = pyplot.subplots()[1]
    assert plot.samples(world.patterns, shape=world.shape, ax=ax) is ax
    with pytest.raises(TypeError, match="shape"):
        plot.samples(world.patterns)
