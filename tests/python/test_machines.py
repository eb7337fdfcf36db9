import copy
import pickle

import numpy as np
import pytest

import helmholtz as hm


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_a_machine_does_not_depend_on_its_neighbours(trained):
    alone = hm.Machines([2, 4, 9], "kirby3x3", seeds=[5], lr=0.1)
    alone.train(1500)
    alone.train(500)
    assert np.array_equal(alone[0].parameters, trained[5].parameters)
    assert not np.array_equal(alone[0].parameters, trained[4].parameters)


def test_backends_of_the_exact_class_agree(trained):
    oracle = hm.Machines([2, 4, 9], "kirby3x3", seeds=8, lr=0.1, backend="reference")
    oracle.train(2000)
    assert oracle.backend == "reference"
    assert np.array_equal(oracle.parameters, trained.parameters)


def test_settings_reach_the_machines():
    plain = hm.Machines([2, 4, 9], "kirby3x3", seeds=2)
    plain.train(50)
    others = {
        "lr": 0.01,
        "lr_generative": 0.01,
        "lr_recognition": 0.01,
        "lr_recognition_wake": 0.01,
        "lr_layer": [0.1, 0.2, 0.3],
        "batch": 3,
        "particles": 2,
        "schedule": "inverse:0.1",
        "optimizer": "momentum:0.5",
        "init": "normal:0.1",
        "nonnegative": True,
        "rng": "numpy",
    }
    for name, value in others.items():
        seeds = 1 if name == "rng" else 2
        changed = hm.Machines([2, 4, 9], "kirby3x3", seeds=seeds, **{name: value})
        changed.train(50)
        assert not np.array_equal(changed.parameters, plain.parameters[:seeds]), name


def test_reduction_is_the_mean():
    summed = hm.Machines([2, 9], "kirby3x3", batch=4, lr=0.01)
    mean = hm.Machines([2, 9], "kirby3x3", batch=4, lr=0.04, reduction="mean")
    summed.train(100)
    mean.train(100)
    assert np.allclose(summed.parameters, mean.parameters, atol=1e-5)


def test_parameters_are_laid_out_as_layers(trained):
    machine = trained[3]
    generative = [np.concatenate([w.ravel(), b]) for w, b in machine.generative]
    recognition = [np.concatenate([w.ravel(), b]) for w, b in machine.recognition[::-1]]
    assert np.array_equal(np.concatenate(generative + recognition), machine.parameters)
    assert np.array_equal(trained.parameters[3], machine.parameters)


def test_log_prob_is_that_of_the_layers(trained):
    """By hand, over the hidden states of [2, 4, 9]."""
    machine = trained[0]
    (_, b0), (w1, b1), (w2, b2) = (tuple(np.asarray(a, float) for a in layer) for layer in machine.generative)
    row = hm.world("kirby3x3").patterns[4]
    total = 0.0
    for top in np.ndindex(2, 2):
        p_top = sigmoid(b0)
        for middle in np.ndindex(2, 2, 2, 2):
            p_middle = sigmoid(w1 @ top + b1)
            p_row = sigmoid(w2 @ middle + b2)
            layers = ((top, p_top), (middle, p_middle), (row, p_row))
            factors = [np.where(np.array(states) == 1, p, 1 - p) for states, p in layers]
            total += np.prod(np.concatenate(factors))
    assert machine.log_prob(row[None])[0] == pytest.approx(np.log(total), abs=1e-5)


def test_samples_follow_the_model(trained):
    machine = trained[1]
    world = hm.world("kirby3x3")
    samples = machine.sample(20_000)
    codes = 1 << np.arange(9)
    counts = np.bincount(samples @ codes, minlength=512)
    expected = np.exp(machine.log_prob(world.patterns))
    found = counts[world.patterns @ codes] / len(samples)
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected / len(samples)))
    assert np.array_equal(machine.sample(10, first=5), samples[5:15])


def test_recognised_units_follow_the_recognition_network(trained):
    machine = trained[1]
    pattern = hm.world("kirby3x3").patterns[2]
    top, middle = machine.recognise(np.tile(pattern, (20_000, 1)))
    weights, biases = machine.recognition[1]
    expected = sigmoid(weights @ pattern + biases)
    assert np.all(np.abs(middle.mean(axis=0) - expected) < 5 * np.sqrt(0.25 / 20_000))
    assert top.shape == (20_000, 2)


def test_machines_that_are_copied_go_on_alike():
    machines = hm.Machines([2, 4, 9], "kirby3x3", seeds=[3, 9], init="normal:0.1", optimizer="adam", lr=0.01)
    machines.train(100)
    others = [pickle.loads(pickle.dumps(machines)), copy.copy(machines), copy.deepcopy(machines)]
    machines.train(100)
    for other in others:
        assert other.step == 100
        other.train(100)
        assert np.array_equal(other.parameters, machines.parameters)


def test_a_machine_is_the_same_from_a_pickle_and_resumes(trained):
    machine = pickle.loads(pickle.dumps(trained[6]))
    assert np.array_equal(machine.parameters, trained[6].parameters)
    assert (machine.seed, machine.step) == (6, 2000)
    resumed = machine.resume()
    copied = pickle.loads(pickle.dumps(resumed))
    trained.train(77)
    resumed.train(77)
    copied.train(77)
    assert np.array_equal(resumed[0].parameters, trained[6].parameters)
    assert np.array_equal(copied[0].parameters, trained[6].parameters)


def test_worlds_and_data_come_back_from_pickles(rows):
    weights = np.random.default_rng(1).random(len(rows))
    world = hm.World(rows, weights, shape=(3, 3), name="random")
    again = pickle.loads(pickle.dumps(world))
    assert np.array_equal(again.patterns, world.patterns)
    assert np.array_equal(again.probabilities, world.probabilities)
    assert (again.name, again.shape) == ("random", (3, 3))
    grey = hm.Dataset(train=rows / 2, valid=rows / 3, binarize="sample")
    copied = copy.deepcopy(grey)
    assert copied.splits == ["train", "valid"]
    assert np.array_equal(copied["valid"], grey["valid"])
    machines = [hm.Machines([2, 9], data, seeds=2, backend="cpu-layered") for data in (grey, copied)]
    for one in machines:
        one.train(20)
    assert np.array_equal(machines[0].parameters, machines[1].parameters)


def test_numpy_machines_that_are_copied_go_on_in_the_same_stream():
    """Their parameters are doubles, and evaluations draw too."""
    machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=[42], rng="numpy")
    machines.train(500)
    machines.evaluate(samples=33)
    others = [pickle.loads(pickle.dumps(machines)), copy.copy(machines), copy.deepcopy(machines)]
    machines.train(500)
    expected = machines.evaluate(samples=1000)
    for other in others:
        other.train(500)
        assert np.array_equal(other.parameters, machines.parameters)
        found = other.evaluate(samples=1000)
        assert (found["kl_sampled"], found["kl_exact"]) == (expected["kl_sampled"], expected["kl_exact"])


def test_parameters_can_be_assigned(trained):
    values = trained.parameters
    values[:] = values[0]
    trained.parameters = values
    assert len(set(trained.kl())) == 1
    with pytest.raises(hm.InvalidArgument) as refused:
        trained.parameters = values[:, 1:]
    assert refused.value.field == "parameters"


def test_machines_that_have_diverged_are_nan(trained):
    values = trained.parameters
    values[2, 0] = np.inf
    trained.parameters = values
    assert np.flatnonzero(np.isnan(trained.kl())).tolist() == [2]
    assert np.all(np.isfinite(trained.kl_quantiles()))
    assert trained.evaluate()["diverged"].tolist() == [m == 2 for m in range(8)]
    with pytest.raises(hm.InvalidArgument, match="diverged"):
        trained[2].sample(1)


def test_machines_are_a_sequence(trained):
    assert len(trained) == 8
    assert trained[-1].seed == 7
    assert [machine.seed for machine in trained] == list(range(8))
    with pytest.raises(IndexError):
        trained[8]


def test_views_outlive_what_they_are_of():
    machines = hm.Machines([2, 9], "kirby3x3", init="normal:1")
    weights = machines[0].generative[1].weights
    world = hm.world("kirby3x3")
    probabilities = world.probabilities
    expected = weights.copy(), probabilities.copy()
    del machines, world
    hm.Machines([2, 9], "kirby3x3", seeds=1000, init="normal:1").train(1)
    assert np.array_equal(weights, expected[0])
    assert np.array_equal(probabilities, expected[1])
    assert not weights.flags.writeable
