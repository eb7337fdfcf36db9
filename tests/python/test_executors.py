"""Shards that an executor's workers train: their files are the results."""

import concurrent.futures
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from interrupts import Interrupt

import helmholtz as hm
from helmholtz import _executors

SHARDS = 6
SEEDS = SHARDS * 64
STEPS = 150


@pytest.fixture(scope="module")
def sweep():
    """Shards of 4 MiB, as parameters are kept, and of a tenth of a second."""
    world = hm.World(np.eye(2, 784, dtype=np.uint8))
    return hm.Sweep([8, 784], world, seeds=SEEDS, steps=STEPS, eval_every=STEPS, save_parameters="all")


@pytest.fixture(scope="module")
def undisturbed(sweep, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    sweep.run(folder)
    return shards_in(folder)


def shards_in(folder):
    return {file.name: file.read_bytes() for file in (folder / "shards").iterdir()}


def pool():
    return ProcessPoolExecutor(2, multiprocessing.get_context("forkserver"))


def test_bytes_are_equal(sweep, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(_executors, "TRIES", 1)
    calls = []
    assert len(undisturbed) == SHARDS
    with ThreadPoolExecutor(2) as executor:
        run = sweep.run(tmp_path / "run", executor=executor, progress=lambda *now: calls.append(now))
    assert run.is_complete
    assert shards_in(tmp_path / "run") == undisturbed
    assert len(calls) == SHARDS + 1
    assert calls[-1] == (SEEDS * STEPS, SEEDS * STEPS)
    assert (tmp_path / "run" / "summary.csv").exists()


def test_shards_that_are_there_stay(sweep, undisturbed, tmp_path):
    sweep.run(tmp_path / "run", part=(0, 2))
    hm.run_shard(tmp_path / "run", SHARDS - 1)
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "run" / "shards").iterdir()}
    assert len(times) == SHARDS // 2 + 1
    submitted = []

    class Here:
        """No pool at all."""

        def submit(self, fn, /, *args):
            fn, args = pickle.loads(pickle.dumps((fn, args)))
            submitted.append(args[1])
            future = concurrent.futures.Future()
            future.set_result(fn(*args))
            return future

    sweep.run(tmp_path / "run", executor=Here())
    assert submitted == list(range(SHARDS // 2, SHARDS - 1))
    assert all(file.stat().st_mtime_ns == time for file, time in times.items())
    assert shards_in(tmp_path / "run") == undisturbed


def test_a_pool_whose_worker_is_killed_is_replaced(sweep, undisturbed, tmp_path):
    pools = []

    def make():
        pools.append(pool())
        return pools[-1]

    def kill_one(done, total):
        if len(pools) == 1:
            os.kill(next(iter(pools[0]._processes)), signal.SIGKILL)

    assert sweep.run(tmp_path / "run", executor=make, progress=kill_one).is_complete
    assert len(pools) == 2
    assert shards_in(tmp_path / "run") == undisturbed


def test_a_pool_that_is_not_ours_to_replace_is_an_error_and_the_sweep_resumes(sweep, undisturbed, tmp_path):
    with pool() as executor:
        executor.submit(os._exit, 1)
        with pytest.raises(BrokenExecutor):
            sweep.run(tmp_path / "run", executor=executor)
    assert sweep.run(tmp_path / "run", executor=pool).is_complete
    assert shards_in(tmp_path / "run") == undisturbed


def test_dask_whose_worker_is_killed(sweep, undisturbed, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    killed = []
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        processes = client.run(os.getpid)

        def kill_one(done, total):
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            if busy and not killed:
                killed.append(busy[0])
                os.kill(processes[busy[0]], signal.SIGKILL)

        assert sweep.run(tmp_path / "run", executor=client, progress=kill_one).is_complete
    assert len(killed) == 1
    assert shards_in(tmp_path / "run") == undisturbed


DEAL_BY_MPI = """
import os, pickle, signal, sys
from mpi4py.futures import MPIPoolExecutor

if __name__ == "__main__":
    sweep, kills = pickle.load(open("sweep.pickle", "rb")), sys.argv[1] == "kill"
    with MPIPoolExecutor() as executor:
        worker = executor.submit(os.getpid).result()
        assert worker != os.getpid()

        def kill_one(done, total):
            if kills and done > 0:
                os.kill(worker, signal.SIGKILL)

        assert sweep.run("run", executor=executor, progress=kill_one).is_complete
"""


def test_mpi_whose_worker_is_killed(sweep, undisturbed, tmp_path):
    """MPI ends all ranks when it loses one; the same call resumes."""
    pytest.importorskip("mpi4py")
    mpirun = shutil.which("mpirun") or pytest.skip("no mpirun")
    (tmp_path / "sweep.pickle").write_bytes(pickle.dumps(sweep))
    (tmp_path / "deal.py").write_text(DEAL_BY_MPI)
    may_share_cores = {"OMPI_MCA_rmaps_base_oversubscribe": "1"}
    may_be_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def deal(way):
        return subprocess.run(
            [mpirun, "-n", "3", sys.executable, "-m", "mpi4py.futures", "deal.py", way],
            cwd=tmp_path,
            env={**os.environ, **may_share_cores, **may_be_root},
            timeout=100,
        ).returncode

    assert deal("kill") != 0
    assert not hm.open_run(tmp_path / "run").is_complete
    assert deal("resume") == 0
    assert shards_in(tmp_path / "run") == undisturbed


class Unreliable:
    """Loses what it is given, so many times per shard: by turns its task fails and is cancelled."""

    def __init__(self, losses):
        self.losses = losses
        self.tries = []

    def submit(self, fn, /, *args):
        shard = args[1]
        future = concurrent.futures.Future()
        self.tries.append(args)
        tried = sum(1 for one in self.tries if one[1] == shard)
        if tried > self.losses:
            future.set_result(fn(*args))
        elif tried % 2 == 1:
            future.set_exception(OSError("the network is gone"))
        else:
            future.cancel()
        return future


def test_tasks_that_are_lost_are_submitted_again(sweep, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(_executors, "PAUSE", 0.01)
    executor = Unreliable(3)
    assert sweep.run(tmp_path / "run", executor=executor).is_complete
    assert len(executor.tries) == len(set(executor.tries)) == SHARDS * 4
    assert shards_in(tmp_path / "run") == undisturbed
    with pytest.raises((OSError, concurrent.futures.CancelledError)):
        sweep.run(tmp_path / "other", executor=Unreliable(4))


class Locked(Unreliable):
    """As if another process trained the shard meanwhile: a dozen tries in vain."""

    def submit(self, fn, /, *args):
        self.tries.append((time.monotonic(), args))
        future = concurrent.futures.Future()
        if len(self.tries) > self.losses:
            future.set_result(fn(*args))
        else:
            future.set_exception(BlockingIOError("process 1 on another host is writing shards [0, 1)"))
        return future


def test_a_locked_shard_is_waited_for_with_growing_pauses(tmp_path, monkeypatch):
    monkeypatch.setattr(_executors, "PAUSE", 0.01)
    monkeypatch.setattr(_executors, "LONGEST_PAUSE", 0.1)
    small = hm.Sweep([1, 9], seeds=2, steps=2)
    executor = Locked(12)
    assert small.run(tmp_path / "run", executor=executor).is_complete
    assert len(executor.tries) == 13
    times = [when for when, _ in executor.tries]
    assert times[-1] - times[0] > 0.01 + 0.02 + 0.04 + 0.08 + 8 * 0.1


def test_a_shard_that_another_process_holds_is_refused(tmp_path):
    hm.Sweep([1, 9], seeds=2, steps=2).run(tmp_path / "run")
    hold = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+'); "
        "fcntl.lockf(file, fcntl.LOCK_EX, 1, 0); print(flush=True); input()"
    )
    arguments = [sys.executable, "-c", hold, str(tmp_path / "run" / "lock")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "\n"
        with pytest.raises(BlockingIOError, match=f"process {holder.pid} on"):
            hm.run_shard(tmp_path / "run", 0)
        holder.communicate("\n")
    hm.run_shard(tmp_path / "run", 0)


def test_ctrl_c_leaves_what_is_done(tmp_path):
    sweep = hm.Sweep([1, 6, 9], seeds=10**6)
    signals = Interrupt(0.5)

    def begin(done, total):
        if done == 0:
            signals.start()

    with pytest.raises(KeyboardInterrupt):
        sweep.run(tmp_path / "run", executor=pool, progress=begin)
    signals.stop()
    assert not hm.open_run(tmp_path / "run").is_complete


def test_tasks_are_cancelled_when_progress_raises(sweep, tmp_path):
    futures = []

    class Recorded(ThreadPoolExecutor):
        def submit(self, fn, /, *args):
            futures.append(super().submit(fn, *args))
            return futures[-1]

    def stop(done, total):
        if done > 0:
            raise RuntimeError("enough")

    with Recorded(1) as executor:
        with pytest.raises(RuntimeError, match="enough") as raised:
            sweep.run(tmp_path / "run", executor=executor, progress=stop)
        # Although `raised` keeps the traceback. One shard is done, one may be under way.
        cancelled = [future.cancelled() for future in futures]
    assert len(futures) == SHARDS
    assert all(cancelled[2:])
    assert raised.value.__traceback__ is not None
    assert len(shards_in(tmp_path / "run")) <= 2


def test_an_executor_takes_a_whole_directory(sweep, tmp_path):
    for path, arguments in ((None, {}), (tmp_path / "run", {"part": (0, 2)})):
        with pytest.raises(hm.InvalidArgument) as refused:
            sweep.run(path, executor=pool, **arguments)
        assert refused.value.field == "executor"
    with pytest.raises(FileNotFoundError):
        hm.run_shard(tmp_path / "run", 0)


def test_rows_of_arrays_reach_the_workers(rows, tmp_path):
    sweep = hm.Sweep([2, 9], hm.Dataset(train=np.tile(rows, (2, 1))), seeds=3, steps=50, log_likelihood=5)
    run = sweep.run(tmp_path / "run", executor=pool)
    assert np.array_equal(run["log_likelihood"], sweep.run()["log_likelihood"])
