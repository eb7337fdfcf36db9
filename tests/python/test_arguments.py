"""What is taken, and what is refused, with which name."""

import array
import pickle

import numpy as np
import pytest

import helmholtz as hm
from helmholtz._seeds import seed_array, seed_text


class OnlyDLPack:
    """An array of another library."""

    def __init__(self, values):
        self._values = values

    def __dlpack__(self, **arguments):
        return self._values.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self._values.__dlpack_device__()


@pytest.mark.parametrize(
    "convert",
    [
        np.ascontiguousarray,
        lambda rows: rows.astype(bool),
        memoryview,
        OnlyDLPack,
        lambda rows: rows.tolist(),
        lambda rows: rows.reshape(20, 3, 3),
    ],
)
def test_rows_are_taken_from_arrays(rows, convert, trained):
    assert np.array_equal(trained[0].log_prob(convert(rows)), trained[0].log_prob(rows))


def test_rows_that_are_read_only_are_taken(rows, trained):
    rows.flags.writeable = False
    assert len(trained[0].log_prob(rows)) == 20


@pytest.mark.parametrize(
    ("convert", "said"),
    [
        (lambda rows: rows.astype(int), "uint8 or bool"),
        (lambda rows: rows.astype(float), "uint8 or bool"),
        (np.asfortranarray, "C order"),
        (lambda rows: rows[:, ::-1], "C order"),
        (lambda rows: rows[::2], "C order"),
        (lambda rows: rows * 2, "the value 2"),
        (lambda rows: rows.ravel(), r"shape \(180\)"),
        (lambda rows: rows[:0], r"shape \(0, 9\)"),
        (lambda rows: np.zeros((2, 8), np.uint8), "8 units"),
        (lambda rows: 3, '"int"'),
        (lambda rows: array.array("B", [0, 1]), "shape"),
    ],
)
def test_other_rows_are_refused(rows, convert, said, trained):
    for call in (trained[0].log_prob, trained[0].recognise, lambda X: trained.log_likelihood(X, particles=2)):
        with pytest.raises(hm.InvalidArgument, match=said) as refused:
            call(convert(rows))
        assert refused.value.field == "X"


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("layers", {"layers": [9]}),
        ("layers", {"layers": [1, 8]}),
        ("lr", {"lr": float("nan")}),
        ("lr_generative", {"lr_generative": -1}),
        ("lr_layer", {"lr_layer": [1]}),
        ("batch", {"batch": 0}),
        ("reduction", {"reduction": "max"}),
        ("particles", {"particles": 0}),
        ("order", {"order": "random"}),
        ("schedule", {"schedule": "linear"}),
        ("optimizer", {"optimizer": "lion"}),
        ("init", {"init": "orthogonal"}),
        ("backend", {"backend": "tpu"}),
        ("threads", {"threads": -1}),
        ("rng", {"rng": "mt19937"}),
        ("seeds", {"seeds": [-1]}),
        ("seeds", {"seeds": 0}),
        ("world", {"world": "mnist"}),
    ],
)
def test_settings_out_of_range_are_named(field, arguments):
    with pytest.raises(hm.InvalidArgument) as refused:
        hm.Machines(**{"layers": [1, 6, 9], "world": "kirby3x3", **arguments})
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: got ")
    assert isinstance(refused.value, ValueError)


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(hm.InvalidArgument("lr: got -1", "lr")))
    assert (str(error), error.field) == ("lr: got -1", "lr")


def test_calls_out_of_range_are_named(trained):
    for field, call in {
        "steps": lambda: trained.train(-1),
        "particles": lambda: trained.log_likelihood(particles=0),
        "n": lambda: trained[0].sample(-1),
    }.items():
        with pytest.raises(hm.InvalidArgument) as refused:
            call()
        assert refused.value.field == field
    with pytest.raises(hm.InvalidArgument, match="10\\^12"):
        trained.train(10**12)
    with pytest.raises(TypeError):
        trained.train(1.5)
    assert trained.step == 2000


def test_what_cannot_be_enumerated_has_no_exact_kl(rows):
    wide = hm.Machines([21, 9], "kirby3x3")
    for call in (wide.kl, lambda: wide[0].log_prob(rows)):
        with pytest.raises(hm.InvalidArgument) as refused:
            call()
        assert refused.value.field == "layers"
    with pytest.raises(hm.InvalidArgument, match="data set"):
        hm.Machines([2, 9], hm.Dataset(train=rows)).kl()


def test_files_that_are_not_there(tmp_path):
    for call in (hm.load, hm.open_run, hm.Dataset, lambda path: hm.world(f"file:{path}")):
        with pytest.raises(FileNotFoundError, match="nothing"):
            call(tmp_path / "nothing")
    (tmp_path / "text").write_text("no machine")
    with pytest.raises(hm.BadData):
        hm.load(tmp_path / "text")
    with pytest.raises(OSError, match="nothing"):
        hm.Machines([1, 9], "kirby3x3")[0].save(tmp_path / "nothing" / "m.h5")


def test_no_device():
    if any(backend.name == "cuda-fused" and backend.available for backend in hm.backends()):
        pytest.skip("there is one")
    with pytest.raises(hm.NoDevice) as refused:
        hm.Machines([1, 6, 9], "kirby3x3", backend="cuda-fused")
    assert isinstance(refused.value, RuntimeError)


def test_seeds():
    sequence = np.random.SeedSequence(7)
    children = sequence.spawn(3)
    expected = [int(child.generate_state(1, np.uint64)[0]) for child in children]
    assert seed_array(children).tolist() == expected
    assert len(set(expected)) == 3
    assert seed_array(sequence).tolist() == sequence.generate_state(1, np.uint64).tolist()
    assert seed_array(np.int64(3)).tolist() == [0, 1, 2]
    assert seed_array(range(5, 0, -2)).tolist() == [5, 3, 1]
    assert seed_array([2**64 - 1]).tolist() == [2**64 - 1]
    assert seed_array(np.array([4, 2], np.int32)).tolist() == [4, 2]
    assert seed_text(range(0, 10, 5)) == "0,5"
    assert seed_text(np.array([7])) == "7"
    for bad in (-1, 0, [1.5], "12", [2**64], np.array([1.0]), range(-1, 3), None):
        with pytest.raises(hm.InvalidArgument) as refused:
            seed_array(bad)
        assert refused.value.field == "seeds"


def test_seeds_are_the_machines(trained):
    assert trained.seeds.tolist() == list(range(8))
    children = np.random.SeedSequence(1).spawn(2)
    assert hm.Machines([1, 9], "kirby3x3", seeds=children).seeds.tolist() == seed_array(children).tolist()


def test_worlds_of_arrays():
    world = hm.World([[0, 1], [1, 1], [0, 1]], [1, 2, 1])
    assert world.patterns.tolist() == [[0, 1], [1, 1]]
    assert world.probabilities.tolist() == [0.5, 0.5]
    assert world.marginals.tolist() == [0.5, 1.0]
    assert world.shape == (1, 2)
    assert hm.World(np.zeros((1, 4, 8), bool)).shape == (4, 8)
    for field, arguments in {"weights": ([[0, 1]], [1, 2]), "world": ([[0, 1]], [-1])}.items():
        with pytest.raises(hm.InvalidArgument) as refused:
            hm.World(*arguments)
        assert refused.value.field == field
    with pytest.raises(hm.InvalidArgument):
        hm.World([[0, 1]], shape=(2, 2))


def test_worlds_are_saved(tmp_path, rows):
    world = hm.World(rows, np.arange(1, 21) / 7)
    world.save(tmp_path / "world.txt")
    again = hm.world(f"file:{tmp_path / 'world.txt'}")
    assert np.array_equal(again.patterns, world.patterns)
    assert np.array_equal(again.probabilities, world.probabilities)


def test_data_sets_are_binarised(rows):
    grey = np.array([[0, 0.2, 0.5, 1]])
    assert hm.Dataset(train=grey, binarize=0.5)["train"].tolist() == [[0, 0, 1, 1]]
    assert hm.Dataset(train=grey, binarize="sample")["train"].tolist() == [[0, 51, 128, 255]]
    bytes_ = np.array([[0, 127, 128, 255]], np.uint8)
    assert hm.Dataset(train=bytes_, binarize=0.5)["train"].tolist() == [[0, 0, 1, 1]]
    for arguments in (
        {"train": grey},
        {"train": grey * 2, "binarize": 0.5},
        {"train": grey, "binarize": 0},
        {"train": grey, "binarize": "round"},
        {"train": rows, "valid": rows[:, :4].copy()},
        {},
    ):
        with pytest.raises(ValueError):
            hm.Dataset(**arguments)


def test_data_sets_from_files_are_those_of_arrays(tmp_path, rows):
    np.save(tmp_path / "train.npy", rows)
    np.save(tmp_path / "test.npy", rows[:3])
    files = hm.Dataset(train=tmp_path / "train.npy", test=tmp_path / "test.npy")
    assert files.splits == ["train", "test"]
    assert np.array_equal(files["train"], rows)
    machines = [hm.Machines([2, 9], data) for data in (files, hm.Dataset(train=rows))]
    for one in machines:
        one.train(50)
    assert np.array_equal(machines[0].parameters, machines[1].parameters)
    saved = machines[0][0]
    saved.save(tmp_path / "m.h5")
    loaded = hm.load(tmp_path / "m.h5").resume(files)
    loaded.train(10)
    machines[0].train(10)
    assert np.array_equal(loaded.parameters, machines[0].parameters)
