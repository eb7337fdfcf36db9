"""Starts the peers and Helmholtz on chosen cores, times them, and says what memory they took."""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).resolve().parent
SCRIPTS = {"numpy": "numpy_batch.py", "jax": "jax_vmap.py", "torch": "torch_batched.py"}
STEPS_A_CALL = (100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class Work:
    layers: str
    batch: int = 1
    machines: int = 1
    cores: int = 1
    scale: float = 0.1
    particles: int = 1

    def title(self):
        particles = f", {self.particles} particles" if self.particles > 1 else ""
        return f"[{self.layers}], batch {self.batch}{particles}, {self.cores} core{'s' if self.cores > 1 else ''}"

    def parameters(self):
        n = [int(units) for units in self.layers.split(",")]
        return sum(n) + sum(n[:-1]) + 2 * sum(a * b for a, b in zip(n, n[1:]))

    def steps_a_call(self, device):
        """So many that a call takes some milliseconds at least, and a second at most."""
        most = 2**24 if device == "cpu" else 2**34
        cost = self.parameters() * self.batch * self.particles * self.machines
        return next((steps for steps in STEPS_A_CALL if steps * cost <= most), 1)


class Failed(Exception):
    """A program that cannot do this work; the reason is what its user reads."""


def gpu_memory():
    """MiB in use on the first GPU."""
    done = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"],
                          capture_output=True, text=True)
    return float(done.stdout.split()[0]) if done.returncode == 0 and done.stdout.strip() else float("nan")


class Place:
    """The device, the cores and the interpreter that all programs share."""

    def __init__(self, device, cores, python, build, scratch, limit=600):
        self.device, self.cores, self.python, self.build, self.limit = device, cores, str(python), build, limit
        self.environment = {
            **os.environ, "OPENBLAS_NUM_THREADS": "1", "TORCHINDUCTOR_CACHE_DIR": f"{scratch}/inductor",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "PYTHONDONTWRITEBYTECODE": "1"}

    def program(self, name):
        """In a build folder, or in what scripts/gpu-check packed."""
        packed = self.build / "bin" / name
        return packed if packed.is_file() else self.build / {"helmholtz": "src/app"}.get(name, "bench") / name

    def start(self, command, cores, **pipes):
        return subprocess.Popen([str(word) for word in command], text=True, env=self.environment,
                                stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, cores), **pipes)


class Peer:
    """A running peer. One that does not answer within the limit is ended, and has failed."""

    def __init__(self, place, name, work, variant="", seed=0, chunk=None):
        self.place, self.name, self.work, self.variant = place, name, work, variant
        self.memory_before = gpu_memory() if place.device == "cuda" else 0.0
        command = [place.python, PEERS / SCRIPTS[name], "--layers", work.layers, "--batch", work.batch,
                   "--particles", work.particles, "--machines", work.machines, "--scale", work.scale,
                   "--threads", work.cores, "--seed", seed, "--variant", variant,
                   "--chunk", chunk or work.steps_a_call(place.device), "--device", place.device]
        self.process = place.start(command, place.cores[: work.cores], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.complaints = []
        self.reader = threading.Thread(target=lambda: self.complaints.extend(self.process.stderr), daemon=True)
        self.reader.start()
        self.mib = float("nan")
        ready = self.read()
        self.compile_seconds, self.version = ready["compile_seconds"], ready["version"]

    def read(self):
        timer = threading.Timer(self.place.limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        answer = json.loads(line) if line.strip() else {"error": self.last_words()}
        if "error" in answer:
            self.stop()
            raise Failed(answer["error"])
        return answer

    def last_words(self):
        code = self.process.wait()
        self.reader.join(timeout=5)
        if code < 0:
            return f"ended by signal {-code} (out of memory, or over {self.place.limit:.0f} s)"
        return (" ".join("".join(self.complaints[-1:]).split()) or f"ended with {code}")[:300]

    def ask(self, command, argument):
        self.process.stdin.write(f"{command} {argument}\n")
        self.process.stdin.flush()
        return self.read()

    def rate(self, seconds):
        """Machine-steps per second."""
        answer = self.ask("time", seconds)
        if self.place.device == "cuda":
            self.mib = gpu_memory() - self.memory_before
        else:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
            self.mib = int(status.split("VmHWM:")[1].split()[0]) / 1024
        return answer["machine_steps"] / answer["seconds"]

    def stop(self):
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Helmholtz:
    """helmholtz_bench, started for each measurement; it verifies its result first. The variant is the backend."""

    version, compile_seconds = "", 0.0

    def __init__(self, place, _, work, variant):
        self.place, self.work, self.variant, self.mib = place, work, variant, float("nan")

    def rate(self, seconds):
        work, place = self.work, self.place
        threads = work.cores if place.device == "cpu" else 0
        particles = f"/particles:{work.particles}" if work.particles > 1 else ""
        name = f"{self.variant}/{work.layers}/batch:{work.batch}{particles}/machines:{work.machines}/threads:{threads}"
        before = gpu_memory() if place.device == "cuda" else 0.0
        process = place.start([place.program("helmholtz_bench"), f"--train={name}", "--benchmark_format=json",
                               f"--benchmark_min_time={seconds}"], place.cores[: work.cores], stderr=subprocess.PIPE)
        used = [0.0]
        watch = threading.Thread(target=self.watch, args=(process, used, before))
        if place.device == "cuda":
            watch.start()
        output, complaints = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if watch.ident:
            watch.join()
        if process.returncode != 0:
            raise Failed(" ".join(complaints.split())[-300:] or f"ended with {process.returncode}")
        result = json.loads(output)["benchmarks"][0]
        if result.get("error_occurred"):
            raise Failed(result["error_message"])
        self.mib = used[0] if place.device == "cuda" else usage.ru_maxrss / 1024
        return result["machine_steps_per_second"]

    @staticmethod
    def watch(process, used, before):
        while process.returncode is None:
            used[0] = max(used[0], gpu_memory() - before)
            time.sleep(0.1)

    def stop(self):
        pass


def start(place, name, work, variant):
    return (Helmholtz if name == "helmholtz" else Peer)(place, name, work, variant)
