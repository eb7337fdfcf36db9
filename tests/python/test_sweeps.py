import copy
import csv
import pickle

import numpy as np
import pytest

import helmholtz as hm


@pytest.fixture
def sweep():
    return hm.Sweep([2, 4, 9], "kirby3x3", seeds=6, lr=[0.02, 0.1], steps=200, eval_every=100, samples=50)


def test_machines_are_those_of_machines(sweep):
    results = sweep.run()
    alone = hm.Machines([2, 4, 9], "kirby3x3", seeds=6, lr=0.1)
    for e in range(2):
        alone.train(100)
        assert np.array_equal(results["kl_exact"][results.configurations == 1, e], alone.kl())
    assert results.seeds.tolist() == sorted(2 * list(range(6)))
    assert results.steps.tolist() == [100, 200]
    assert results.settings["lr"].tolist() == [0.02, 0.1]
    assert results.settings["batch"].tolist() == [1, 1]


def test_memory_and_directory_agree(sweep, tmp_path):
    stored, memory = sweep.run(tmp_path / "run"), sweep.run()
    assert stored.metrics == memory.metrics == ["kl_exact", "kl_sampled", "unseen"]
    for metric in stored.metrics:
        assert np.array_equal(stored[metric], memory[metric])
    with (tmp_path / "run" / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    summary = memory.summary()
    assert [float(row["median"]) for row in rows] == summary["median"].tolist()
    expected = np.median(memory["kl_exact"][memory.configurations == 0, 1])
    assert summary["median"][1] == pytest.approx(expected, rel=1e-6)


def test_a_sweep_that_is_stopped_resumes(tmp_path):
    sweep = hm.Sweep([1, 6, 9], seeds=20_000, steps=2000, eval_every=1000)
    calls = []

    class Stopped(Exception):
        pass

    def stop(done, total):
        calls.append((done, total))
        if done > 0.2 * total:
            raise Stopped

    with pytest.raises(Stopped):
        sweep.run(tmp_path / "run", progress=stop)
    partial = hm.open_run(tmp_path / "run")
    assert not partial.is_complete
    with pytest.raises(hm.InvalidArgument, match="all 20000"):
        partial.summary()
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "run" / "shards").iterdir()}
    resumed = sweep.run(tmp_path / "run", progress=lambda *now: calls.append(now))
    assert resumed.is_complete
    assert calls[-1] == (20_000 * 2000, 20_000 * 2000)
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())
    assert np.array_equal(np.isin(partial.machines, resumed.machines), np.ones(len(partial), bool))
    at = np.searchsorted(resumed.machines, partial.machines)
    assert np.array_equal(resumed["kl_exact"][at], partial["kl_exact"])


def test_parts_make_a_whole(sweep, tmp_path):
    assert len(sweep.run(tmp_path / "run", part=(1, 2))) == 0  # so few machines are one shard
    assert sweep.run(tmp_path / "run", part=(0, 2)).is_complete
    with pytest.raises(hm.InvalidArgument) as refused:
        sweep.run(tmp_path / "other", part=(2, 2))
    assert refused.value.field == "part"


def test_another_sweep_is_refused(sweep, tmp_path):
    sweep.run(tmp_path / "run")
    with pytest.raises(OSError, match="another"):
        hm.Sweep([2, 4, 9], seeds=6, lr=0.3, steps=200).run(tmp_path / "run")


def test_replay_gives_the_recorded_machine(sweep, tmp_path):
    run = sweep.run(tmp_path / "run")
    seen = []
    machine = run.replay(5, progress=lambda *now: seen.append(now))
    assert seen[-1] == (200, 200)
    alone = hm.Machines([2, 4, 9], "kirby3x3", seeds=[2], lr=0.1)
    alone.train(200)
    assert np.array_equal(machine.parameters, alone.parameters[0])
    with pytest.raises(hm.InvalidArgument) as refused:
        run.replay(12)
    assert refused.value.field == "machine"


def test_results_as_tables(sweep):
    results = sweep.run()
    frame = results.to_pandas()
    assert len(frame) == 12 * 2
    one = frame[(frame["machine"] == 3) & (frame["step"] == 200)]
    assert one["kl_exact"].item() == results["kl_exact"][3, 1]
    assert (one["seed"].item(), one["lr"].item()) == (1, 0.1)
    cube = results.to_xarray()
    assert cube["kl_exact"].sel(machine=3, step=200).item() == results["kl_exact"][3, 1]
    assert cube["lr"].sel(machine=3).item() == 0.1


def test_worlds_of_arrays_are_kept_in_the_directory(tmp_path, rows):
    world = hm.World(rows, np.arange(1, 21) / 7)
    sweep = hm.Sweep([2, 9], world, seeds=3, steps=50)
    stored, memory = sweep.run(tmp_path / "run"), sweep.run()
    assert np.array_equal(stored["kl_exact"], memory["kl_exact"])
    assert len(sweep.run(tmp_path / "run")) == 3
    assert np.array_equal(stored.replay(1).parameters, memory.replay(1).parameters)


def test_data_sets_of_files(tmp_path, rows):
    np.save(tmp_path / "train.npy", rows)
    data = hm.Dataset(train=tmp_path / "train.npy", valid=tmp_path / "train.npy")
    sweep = hm.Sweep([2, 9], data, seeds=3, steps=50, log_likelihood=20, order="epochs")
    run = sweep.run(tmp_path / "run")
    alone = hm.Machines([2, 9], data, seeds=3, order="epochs")
    alone.train(50)
    assert np.array_equal(run["log_likelihood"][:, -1], alone.log_likelihood(rows, particles=20))
    assert np.array_equal(run.replay(2).parameters, alone.parameters[2])


@pytest.mark.parametrize("binarize", [None, "sample"])
def test_data_sets_of_arrays(tmp_path, rows, binarize):
    """In memory, and in a directory, which keeps them."""
    if binarize is not None:
        rows = np.random.default_rng(4).random((20, 9))
    data = hm.Dataset(train=rows, valid=rows[:7].copy(), binarize=binarize, shape=(3, 3))
    settings = {"seeds": 3, "order": "epochs"}
    sweep = hm.Sweep([2, 9], data, steps=50, log_likelihood=20, split="train", rows=15, **settings)
    memory, stored = sweep.run(), sweep.run(tmp_path / "run")
    alone = hm.Machines([2, 9], data, **settings)
    alone.train(50)
    assert np.array_equal(stored["log_likelihood"], memory["log_likelihood"])
    assert np.array_equal(stored.replay(2).parameters, alone.parameters[2])
    assert np.array_equal(memory.replay(2).parameters, alone.parameters[2])
    assert memory.replay(2).shape == stored.replay(2).shape == (3, 3)
    if binarize is None:
        assert np.array_equal(memory["log_likelihood"][:, -1], alone.log_likelihood(rows[:15], particles=20))


def test_a_directory_keeps_its_arrays(tmp_path, rows):
    """Another sweep's neither replace them nor take their place."""
    first = hm.Sweep([2, 9], hm.Dataset(train=rows), seeds=3, steps=50, log_likelihood=5)
    run = first.run(tmp_path / "run")
    for other in (hm.Dataset(train=1 - rows), hm.World(rows)):
        with pytest.raises(OSError, match="another"):
            hm.Sweep([2, 9], other, seeds=3, steps=50, log_likelihood=5).run(tmp_path / "run")
    assert np.array_equal(np.load(tmp_path / "run" / "train.npy").reshape(20, 9), rows)
    assert np.array_equal(first.run(tmp_path / "run")["elbo"], run["elbo"])


def test_settings_out_of_range_are_named():
    for field, arguments in {
        "lr": {"lr": [-1]},
        "layers": {"layers": [1, 8]},
        "steps": {"steps": -1},
        "eval_every": {"eval_every": 0},
        "config": {"learning_rate": 1},
        "optimizer": {"optimizer": ["sgd", "lion"]},
        "seeds": {"seeds": [1, 1]},
    }.items():
        with pytest.raises(hm.InvalidArgument) as refused:
            hm.Sweep(**arguments)
        assert refused.value.field == field


def test_what_numpy_has_is_taken():
    plain = hm.Sweep([1, 6, 9], seeds=2, lr=[0.1, 0.2], steps=10)
    numpy = hm.Sweep(np.array([1, 6, 9]), seeds=np.arange(2), lr=np.array([0.1, 0.2]), steps=np.int64(10))
    assert np.array_equal(plain.run()["kl_exact"], numpy.run()["kl_exact"])


def pickled(what):
    return pickle.loads(pickle.dumps(what))


@pytest.mark.parametrize("copied", [pickled, copy.copy, copy.deepcopy])
def test_sweeps_that_are_copied_are_the_same(copied, tmp_path, rows):
    np.save(tmp_path / "train.npy", rows)
    settings = {"seeds": range(3, 6), "lr": np.array([0.1, 1 / 3]), "steps": 50, "eval_every": 20}
    worlds = {
        "kirby3x3": {},
        hm.World(rows, np.arange(1, 21) / 7): {},
        hm.Dataset(train=rows): {"log_likelihood": 5, "order": "epochs"},
        hm.Dataset(train=tmp_path / "train.npy"): {"log_likelihood": 5, "batch": [1, 4]},
    }
    for i, (world, more) in enumerate(worlds.items()):
        sweep = hm.Sweep([2, 4, 9], world, **settings, **more)
        again = copied(sweep)
        assert repr(again) == repr(sweep)
        memory, found = sweep.run(), again.run()
        assert found.metrics == memory.metrics != []
        for metric in memory.metrics:
            assert np.array_equal(found[metric], memory[metric])
        # The same sweep to its directory too, which refuses another.
        assert again.run(tmp_path / f"run{i}").is_complete
        assert len(copied(again).run(tmp_path / f"run{i}")) == len(sweep)


def test_a_sweep_keeps_the_settings_it_was_made_with(tmp_path, rows):
    rates = [0.1]
    sweep = hm.Sweep([2, 9], hm.World(rows), seeds=3, lr=rates, steps=50)
    rates[0] = 0.5
    assert np.array_equal(sweep.run(tmp_path / "run")["kl_exact"], sweep.run()["kl_exact"])


def test_results_that_are_pickled_are_read_again(sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = sweep.run("run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    content = pickle.dumps(run)
    again = pickle.loads(content)
    assert again.path == tmp_path / "run"
    assert np.array_equal(again["kl_sampled"], run["kl_sampled"])
    assert np.array_equal(again.replay(3).parameters, run.replay(3).parameters)
    (tmp_path / "run" / "config.toml").unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(content)


def test_results_in_memory_say_why_they_are_not_pickled(sweep):
    results = sweep.run()
    with pytest.raises(TypeError, match="in memory.*in a directory"):
        pickle.dumps(results)
    for again in (copy.copy(results), copy.deepcopy(results)):
        assert np.array_equal(again["kl_exact"], results["kl_exact"])
        assert (repr(again), again.path) == (repr(results), None)
