"""Helmholtz and its rivals side by side: who learns the same, the best size and way of each, timing in turns, growth."""

import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import replace

from drive import PEERS, Failed, Peer, Work, start
from measuring import spread

OURS = "helmholtz"
RIVALS = ("numpy", "jax", "torch")
BACKENDS = {"cpu": ("cpu-fused", "cpu-layered"), "cuda": ("cuda-fused", "cuda-layered")}

# What to do, and numbers of machines to try on a CPU and on a GPU.
WORKLOADS = [(Work("1,6,9"), (512, 4096, 32768), (2**14, 2**17, 2**20)),
             (Work("8,16,32,64"), (64, 512, 4096), (2**10, 2**13, 2**16)),
             (Work("10,100,200,784", batch=256), (1, 4, 16), (1, 8, 64)),
             (Work("1,6,9", particles=5), (512, 4096, 32768), (2**14, 2**17, 2**20)),
             (Work("200,784", batch=100, particles=10), (1, 2, 4), (1, 8, 64)),
             (Work("200,200,200,784", batch=100, particles=10), (1, 2, 4), (1, 8, 64))]

# Steps and machines that show what a rival learns: few where it is slow.
LEARNING = {"numpy": (10_000, 32), "jax": (50_000, 256), "torch": (50_000, 1024)}
QUICK_LEARNING = {"numpy": (2_000, 16), "jax": (5_000, 256), "torch": (5_000, 512)}
STANDARD_ERRORS = 4  # of the difference of the means, within which a rival learns the same
OUR_MACHINES = 4096
FIRST_STEPS = 100  # those of the first call, with which a rival compiles

GROWTH = [("machines of [1,6,9]", [Work("1,6,9", 1, m) for m in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)]),
          ("layers, batch 1, 64 machines", [Work(layers, 1, 64) for layers in
                                            ("1,6,9", "2,8,16", "4,16,32", "8,32,64", "16,64,128", "32,128,256")]),
          ("batch of [8,16,32,64], 64 machines", [Work("8,16,32,64", b, 64) for b in (1, 4, 16, 64, 256)])]
GROWTH_STEPS = (100, 1_000, 10_000)
MACHINES_OF_STEPS = 512


def note(text):
    print(f"bench/compare: {text}", file=sys.stderr)


def variants(name, work, device):
    """The ways of writing a rival, the likeliest first; `-eager` ones stand in for compiled ones while sizes are tried."""
    if name == "torch":
        return ("sum-eager", "bmm-eager") if work.batch == work.particles == 1 else ("bmm-eager",)
    return {OURS: BACKENDS[device], "jax": ("first", "last"), "numpy": ("",)}[name]


def not_for(name, work):
    """Why a rival does not do this work; nothing if it does."""
    if name != "numpy":
        return ""
    if work.particles > 1:
        return "wake-sleep alone"
    return "a Python loop keeps one core busy" if work.cores > 1 else ""


class Comparison:
    """What was seen, and why what was not seen is missing."""

    def __init__(self, place, options):
        self.place, self.quick, self.seconds = place, options.quick, options.seconds
        self.rounds, self.only = options.rounds, options.only
        self.missing = {}  # rival -> why it is not ranked
        self.failures = {}  # variant and size -> why it did not work
        self.learning = {}

    def learn(self):
        """Shows what each rival learns beside what Helmholtz has learnt by the same step."""
        ours = {}
        for name, (steps, machines) in (QUICK_LEARNING if self.quick else LEARNING).items():
            note(f"{name}: learns [1,6,9] for {steps:,} steps")
            try:
                theirs = self.learnt_by(name, steps, machines)
            except Failed as error:
                self.missing[name] = str(error)
                continue
            if steps not in ours:
                ours[steps] = self.learnt_by_helmholtz(steps)
            error = math.hypot(theirs["standard_error"], ours[steps]["standard_error"])
            same = abs(theirs["mean"] - ours[steps]["mean"]) <= STANDARD_ERRORS * error
            self.learning[name] = {"steps": steps, **theirs, "helmholtz": ours[steps], "same": same}
            note(f"{name}: KL {theirs['mean']:.4f} +- {theirs['standard_error']:.4f}, ours {ours[steps]['mean']:.4f}")
            if not same:
                self.missing[name] = "learns something else"

    def evaluate(self, *arguments):
        command = [self.place.python, PEERS / "learning.py", *arguments]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
        return json.loads(done.stdout)

    def learnt_by_helmholtz(self, steps):
        program = self.place.program("helmholtz")
        return self.evaluate(OURS, program, BACKENDS[self.place.device][0], steps, OUR_MACHINES, len(self.place.cores))

    def learnt_by(self, name, steps, machines):
        work = Work("1,6,9", 1, machines, cores=1, scale=0.0)
        variant = variants(name, work, self.place.device)[0]
        if not self.quick:
            variant = variant.removesuffix("-eager")
        peer = Peer(self.place, name, work, variant, seed=1, chunk=FIRST_STEPS)
        with tempfile.TemporaryDirectory() as folder:
            peer.ask("train", steps - FIRST_STEPS)
            peer.ask("save", f"{folder}/rows.npy")
            peer.stop()
            return self.evaluate("rows", f"{folder}/rows.npy")

    def attempt(self, name, work, variant, seconds=0.3):
        """(machine-steps per second, the peer), or (0, None) where this size or variant does not work."""
        try:
            peer = start(self.place, name, work, variant)
            return peer.rate(seconds), peer
        except Failed as error:
            self.failures[f"{name} {variant} {work.title()} x {work.machines:,}"] = str(error)
            return 0.0, None

    def best(self, name, work, sizes):
        """The best variant at the middle size, the best size of that; it runs, compiled, when this returns."""
        middle = sizes[len(sizes) // 2]
        tried = {}
        for variant in variants(name, work, self.place.device):
            tried[variant, middle] = self.attempt(name, replace(work, machines=middle), variant)
        variant = max(tried, key=lambda key: tried[key][0])[0]
        for machines in () if self.quick else sizes:
            if machines != middle:
                tried[variant, machines] = self.attempt(name, replace(work, machines=machines), variant)
        variant, machines = max(tried, key=lambda key: tried[key][0])
        winner = tried[variant, machines][1]
        for _, peer in tried.values():
            if peer is not None and (peer is not winner or (variant.endswith("-eager") and not self.quick)):
                peer.stop()
        if winner is None:
            raise Failed("no variant works")
        if variant.endswith("-eager") and not self.quick:
            winner = self.compiled(name, replace(work, machines=machines), variant)
        return winner

    def compiled(self, name, work, eager):
        """The fastest of all variants compiled at the size that was best without, and that one as it was."""
        tried = [self.attempt(name, work, variant.removesuffix("-eager"))
                 for variant in variants(name, work, self.place.device)]
        tried.append(self.attempt(name, work, eager))
        rate, winner = max(tried, key=lambda pair: pair[0])
        for _, peer in tried:
            if peer is not None and peer is not winner:
                peer.stop()
        if rate == 0:
            raise Failed("no variant works")
        return winner

    def row(self, work, sizes):
        """All programs on one workload, in turns."""
        peers, entry = {}, {"layers": work.layers, "batch": work.batch, "particles": work.particles, "cores": work.cores,
                            "programs": {}}
        for name in (OURS, *RIVALS):
            if why := self.missing.get(name) or not_for(name, work):
                entry["programs"][name] = {"missing": why}
                continue
            note(f"{work.title()}: {name} looks for its best size")
            try:
                peers[name] = self.best(name, work, (1,) if name == "numpy" else sizes)
            except Failed as error:
                entry["programs"][name] = {"missing": str(error)}
        series = {name: [] for name in peers}
        for _ in range(self.rounds):
            for name, peer in peers.items():
                series[name].append(peer.rate(self.seconds))
        for name, peer in peers.items():
            ratios = [ours / theirs for ours, theirs in zip(series.get(OURS, []), series[name])]
            entry["programs"][name] = {
                "machine_steps_per_second": spread(series[name]), "ratio_of_helmholtz": spread(ratios) if ratios else {},
                "variant": peer.variant, "version": peer.version, "machines": peer.work.machines, "peak_mib": peer.mib,
                "compile_seconds": peer.compile_seconds}
            peer.stop()
        entry["programs"] = {name: entry["programs"][name] for name in (OURS, *RIVALS)}
        return entry

    def rows(self):
        """One core for each workload, all cores for the first; on a GPU every core may drive it."""
        every = len(self.place.cores)
        for work, *sizes in WORKLOADS:
            if self.only and work.layers not in self.only:
                continue
            gpu = self.place.device == "cuda"
            for cores in [every] if gpu else sorted({1, every if work == WORKLOADS[0][0] else 1}):
                yield self.row(replace(work, cores=cores), sizes[gpu])

    def growth(self):
        """One measurement per point on one core or the GPU: machine-steps per second."""
        for axis, works in GROWTH:
            for work in works:
                note(f"growth: {work.title()}, {work.machines:,} machines")
                rates = {}
                for name in (OURS, *RIVALS):
                    if name in self.missing or (name == "numpy" and work.machines > 64):
                        continue
                    one = replace(work, machines=1) if name == "numpy" else work
                    first = variants(name, work, self.place.device)[: 2 if name == OURS else 1]
                    for variant in first:
                        rate, peer = self.attempt(name, one, variant, 0.2)
                        rates[name] = max(rate, rates.get(name, 0.0))
                        if peer is not None:
                            peer.stop()
                yield {"axis": axis, "layers": work.layers, "batch": work.batch, "machines": work.machines,
                       "machine_steps_per_second": {name: rate for name, rate in rates.items() if rate > 0}}

    def growth_of_steps(self):
        """Seconds from the start of a program to the end of its training: [1,6,9], some hundred machines, all cores."""
        work = Work("1,6,9", 1, MACHINES_OF_STEPS, len(self.place.cores), scale=0.0)
        for steps in GROWTH_STEPS:
            note(f"growth: {steps:,} steps")
            seconds = {}
            for name in (OURS, *RIVALS):
                if name in self.missing or name == "numpy":
                    continue
                begin = time.perf_counter()
                if name == OURS:
                    self.sweep(steps)
                else:
                    peer = Peer(self.place, name, work, variants(name, work, self.place.device)[0], chunk=FIRST_STEPS)
                    if steps > FIRST_STEPS:
                        peer.ask("train", steps - FIRST_STEPS)
                seconds[name] = time.perf_counter() - begin
                if name != OURS:
                    peer.stop()
            yield {"axis": "steps", "layers": work.layers, "machines": work.machines, "steps": steps, "seconds": seconds}

    def sweep(self, steps):
        with tempfile.TemporaryDirectory() as folder:
            command = [self.place.program("helmholtz"), "sweep", "--seeds", f"0:{MACHINES_OF_STEPS}", "--steps",
                       str(steps), "--eval-every", str(steps), "--backend", BACKENDS[self.place.device][0], "--out",
                       f"{folder}/run", "--quiet"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
