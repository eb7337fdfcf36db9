"""Signals, threads, processes, memory."""

import resource
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from interrupts import Interrupt

import helmholtz as hm
from helmholtz import notebook


def interrupt(seconds, work):
    """Sends SIGINT to this process; work(), which would take many seconds, must end by KeyboardInterrupt.

    At once, but for what a busy computer takes. Returns the seconds that it took.
    """
    signals = Interrupt(seconds)
    signals.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
        latency = time.monotonic() - signals.sent
        assert latency < 10
        return latency
    finally:
        signals.stop()


def test_ctrl_c_leaves_valid_machines():
    machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=2000)
    interrupt(0.3, lambda: machines.train(10**9))
    assert 0 < machines.step < 10**9
    uninterrupted = hm.Machines([1, 6, 9], "kirby3x3", seeds=[1500])
    uninterrupted.train(machines.step)
    assert np.array_equal(machines[1500].parameters, uninterrupted[0].parameters)


def test_ctrl_c_ends_evaluations():
    machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=200)
    for work in (
        lambda: machines.evaluate(samples=10**9),
        lambda: machines.log_likelihood(particles=10**8),
        lambda: machines[0].log_prob([[0] * 9], particles=10**9),
        lambda: machines[0].sample(2 * 10**8),
    ):
        interrupt(0.2, work)
    assert len(machines.kl()) == 200


def test_ctrl_c_ends_the_evaluation_of_a_tiny_machine_at_once():
    """What is shared out among the threads at a time takes seconds of such a machine."""
    tiny = hm.Machines([1, 4], hm.World(np.eye(4, dtype=np.uint8)))
    latencies = [interrupt(0.3, lambda: tiny.log_likelihood(particles=10**9)) for _ in range(3)]
    assert min(latencies) < 0.1


def test_ctrl_c_ends_the_samples_of_a_large_machine_at_once():
    """Ten thousand of them take seconds."""
    large = hm.Machines([1000, 2000, 784], hm.Dataset(train=np.eye(784, dtype=np.uint8)), init="normal:0.1")[0]
    latencies = [interrupt(0.5, lambda: large.sample(10**6)) for _ in range(3)]
    assert min(latencies) < 0.1


def test_ctrl_c_ends_what_looks_at_rows():
    images = (np.random.default_rng(1).random((20_000, 784)) < 0.3).astype(np.uint8)
    wide = hm.Machines([20, 784], hm.Dataset(train=images[:10]))[0]
    deep = hm.Machines([200, 500, 784], hm.Dataset(train=images[:10]))[0]
    interrupt(0.4, lambda: wide.log_prob(images[:1000]))
    many = np.tile(images, (20, 1))  # else it may end by itself within the time that interrupt() allows
    interrupt(0.4, lambda: deep.recognise(many))
    interrupt(0.4, lambda: deep.log_prob(images, particles=1000))


def test_ctrl_c_ends_sweeps(tmp_path):
    sweep = hm.Sweep([1, 6, 9], seeds=10**6)
    for work in (sweep.run, lambda: sweep.run(tmp_path / "run"), lambda: sweep.estimate(60)):
        interrupt(0.4, work)
    assert not hm.open_run(tmp_path / "run").is_complete


def test_progress_of_every_kind(trained, capsys):
    class Bar:
        n = 0

        def update(self, n):
            self.n += n

    bar, calls = Bar(), []
    trained.train(1000, progress=bar)
    assert bar.n == 1000
    trained.train(1000, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1000, 1000)
    trained.train(1000, progress=True)
    assert "1.00k/1.00k" in capsys.readouterr().err
    with pytest.raises(TypeError, match="progress"):
        trained.train(1, progress=3)


def test_progress_may_use_the_machines_and_may_raise(trained):
    seen = []

    def look(done, total):
        seen.append(trained.kl_quantiles([0.5])[0])
        if len(seen) == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        trained.train(10**9, progress=look)
    assert len(seen) == 3
    assert 2003 <= trained.step < 10**9


def test_threads_train_side_by_side():
    """Two trainers on two threads, and two threads on one trainer: nothing is lost, and the GIL is free."""
    machines = [hm.Machines([1, 6, 9], "kirby3x3", seeds=500) for _ in range(3)]
    threads = [threading.Thread(target=machines[m].train, args=(3000,)) for m in (0, 1, 2, 2)]
    for thread in threads:
        thread.start()
    while_running = 0
    while any(thread.is_alive() for thread in threads):
        while_running += 1
        time.sleep(0.001)
    assert while_running > 10
    assert [m.step for m in machines] == [3000, 3000, 6000]
    machines[0].train(3000)
    assert np.array_equal(machines[0].parameters, machines[2].parameters)
    assert not np.array_equal(machines[1].parameters, machines[2].parameters)


def test_threads_save_and_load_side_by_side(trained, tmp_path):
    def copy(m):
        for _ in range(20):
            trained[m].save(tmp_path / f"{m}.h5")
            copies[m] = hm.load(tmp_path / f"{m}.h5").parameters

    copies = {}
    threads = [threading.Thread(target=copy, args=(m,)) for m in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(copies[m], trained[m].parameters) for m in range(4))


def medians(seed):
    machines = hm.Machines([1, 6, 9], "kirby3x3", seeds=range(seed, seed + 40))
    machines.train(500)
    return machines.kl_quantiles([0.5])[0], machines


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_train_alike(start_method):
    expected = [medians(seed)[0] for seed in (0, 40)]
    with start_method.Pool(2) as pool:
        found = pool.map_async(medians, [0, 40]).get(timeout=120)
    assert [median for median, _ in found] == expected
    assert found[1][1].step == 500


def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


KIRBY = hm.world("kirby3x3")
LINES = notebook.World()
ROWS = np.tile(np.eye(9, dtype=np.uint8), (50, 1))
MACHINES = hm.Machines([1, 6, 9], KIRBY, seeds=3, threads=1)
SWEEP = hm.Sweep([1, 9], seeds=2, steps=2, threads=1)
RESULTS = hm.Sweep([1, 9], seeds=100, steps=2, threads=1).run()


def refuse():
    with pytest.raises(hm.InvalidArgument):
        MACHINES.log_likelihood(ROWS.astype(int))


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: hm.World(ROWS[:9], name="nine"), 10_000),
        (lambda: hm.Dataset(train=ROWS, valid=ROWS[:9])["valid"], 10_000),
        (lambda: hm.Machines([1, 6, 9], KIRBY, seeds=3, threads=1).train(1), 10_000),
        (lambda: MACHINES[1].generative[1].weights, 10_000),
        (lambda: MACHINES[1].resume(threads=1).parameters, 10_000),
        (lambda: RESULTS["kl_exact"], 10_000),
        (lambda: RESULTS.settings, 10_000),
        (lambda: notebook.HM([1, 6, 9], rng="philox", seed=1).learn(LINES, 1, 0.1), 10_000),
        (refuse, 10_000),
        # Slower, and larger.
        (lambda: hm.Sweep([1, 9], seeds=2, steps=2, threads=1), 1000),
        (lambda: SWEEP.run(), 1000),
        (lambda: MACHINES[1].sample(2000), 1000),
        (lambda: MACHINES[1].recognise(ROWS), 1000),
        (lambda: MACHINES[1].log_prob(ROWS), 1000),
        (lambda: MACHINES.kl(), 1000),
    ],
)
def test_objects_that_are_dropped_are_freed(make, count):
    for _ in range(count // 10):
        make()
    before = resident_mb()
    for _ in range(count):
        make()
    assert resident_mb() - before < 1


def test_nothing_is_left_at_the_end():
    """nanobind lists on stderr the objects and classes that outlive the interpreter."""
    code = (
        "import helmholtz as hm; m = hm.Machines([1, 9], 'kirby3x3'); m.train(5); kept = m[0].generative; "
        "r = hm.Sweep([1, 9], seeds=2, steps=1).run()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_the_import_brings_nothing_along():
    code = (
        "import sys, helmholtz; "
        "unwanted = ('pandas', 'xarray', 'tqdm', 'sklearn', 'matplotlib', 'asyncio', 'concurrent.futures'); "
        "print([m for m in unwanted if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
