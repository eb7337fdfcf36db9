import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import helmholtz as hm
from helmholtz.sklearn import HelmholtzMachine


@parametrize_with_checks([HelmholtzMachine()])
def test_is_an_estimator(estimator, check):
    check(estimator)


@pytest.fixture
def bars_rows(bars):
    return bars.patterns[np.random.default_rng(0).integers(len(bars), size=1000)]


def test_learns_rows(bars_rows, bars):
    model = HelmholtzMachine((1, 8), n_iter=200, random_state=3).fit(bars_rows)
    untrained = -16 * np.log(2)
    assert untrained + 3 < model.score(bars_rows) < -bars.entropy
    again = clone(model).fit(bars_rows)
    assert np.array_equal(again.machine_.parameters, model.machine_.parameters)
    assert np.array_equal(model.score_samples(bars_rows), model.machine_.log_prob(bars_rows))
    assert np.array_equal(model.sample(7), model.machine_.sample(7))


def test_is_machines_of_a_data_set(bars_rows):
    model = HelmholtzMachine((1, 8), n_iter=2, batch_size=30, learning_rate=0.2, random_state=3).fit(bars_rows)
    seed = np.random.RandomState(3).randint(2**31)
    machines = hm.Machines(
        [1, 8, 16], hm.Dataset(train=bars_rows), seeds=[seed], lr=0.2, batch=30, reduction="mean",
        order="epochs", init="normal:0.1",
    )  # fmt: skip
    machines.train(2 * 34)
    assert np.array_equal(model.machine_.parameters, machines[0].parameters)


def test_partial_fits_go_on(bars_rows):
    model = HelmholtzMachine((1, 8), random_state=3)
    for _ in range(5):
        model.partial_fit(bars_rows)
    whole = HelmholtzMachine((1, 8), n_iter=5, random_state=3).fit(bars_rows)
    assert np.array_equal(model.machine_.parameters, whole.machine_.parameters)
    before = model.score(bars_rows[:100])
    for _ in range(20):
        model.partial_fit(bars_rows[:100])
    assert model.score(bars_rows[:100]) > before


def test_transforms_into_probabilities_of_units(bars_rows):
    model = HelmholtzMachine((1, 8), n_iter=50, random_state=3).fit(bars_rows)
    units = model.transform(bars_rows[:1])
    drawn = model.machine_.recognise(np.repeat(bars_rows[:1], 20_000, axis=0))[1]
    assert np.all(np.abs(drawn.mean(axis=0) - units) < 5 * np.sqrt(0.25 / 20_000))
    assert model.get_feature_names_out()[0] == "helmholtzmachine0"


def test_values_are_binarised(bars_rows):
    strict = HelmholtzMachine((1, 4), binarize=None, random_state=1).fit(bars_rows)
    scaled = HelmholtzMachine((1, 4), binarize=127.0, random_state=1).fit(bars_rows * 255.0)
    assert np.array_equal(strict.machine_.parameters, scaled.machine_.parameters)
    with pytest.raises(ValueError, match="binarize"):
        strict.transform(bars_rows * 2)


def test_large_layers_are_estimated(bars_rows):
    model = HelmholtzMachine((10, 30), n_iter=1, random_state=1).fit(bars_rows)
    assert np.all(np.isfinite(model.score_samples(bars_rows[:5])))


def test_works_with_searches_and_pipelines(bars_rows):
    search = GridSearchCV(HelmholtzMachine(random_state=1, n_iter=3), {"learning_rate": [1e-6, 0.1]}, cv=2)
    assert search.fit(bars_rows).best_params_ == {"learning_rate": 0.1}
    assert make_pipeline(MinMaxScaler(), HelmholtzMachine(n_iter=1)).fit_transform(bars_rows).shape == (1000, 8)
