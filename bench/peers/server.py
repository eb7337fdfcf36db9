"""A peer as a process that another program drives: work comes as flags, commands as lines on standard input, answers
are lines of JSON on standard output.

  time SECONDS   trains for at least so long -> machine_steps, seconds
  train STEPS    trains for that many more steps -> seconds
  save FILE      parameters [machines x count] in file order, float32 .npy
"""

import argparse
import json
import sys
import time

import numpy as np

import model

TOLERANCE = 1e-5


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", default="1,6,9")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--particles", type=int, default=1, help="per row; several: reweighted wake-sleep")
    parser.add_argument("--machines", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--scale", type=float, default=0.0, help="initial parameters: normal(0, scale)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chunk", type=int, default=100, help="steps a call of the compiled function")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--variant", default="", help="a way of writing it; see the peer")
    work = parser.parse_args()
    work.layers = [int(units) for units in work.layers.split(",")]
    return work


def initial_parameters(work):
    """[machines x shape] float32 arrays in file order."""
    random = np.random.default_rng(work.seed)
    return [(work.scale * random.standard_normal((work.machines, *shape))).astype(np.float32)
            for shape in model.shapes(work.layers)]


def check_one_step(work, step):
    """step(parameters of two machines, visible, uniforms) -> new parameters, as model.train_step says, whatever the
    size of the batch. @throws RuntimeError where it does not"""
    random = np.random.default_rng(2)
    parameters = [random.normal(0, 0.5, (2, *shape)).astype(np.float32) for shape in model.shapes(work.layers)]
    visible = random.integers(0, 2, (2, work.batch, work.layers[-1])).astype(np.float32)
    uniforms = random.random((2, work.batch, model.draws_of(work.layers, work.particles)), dtype=np.float32)
    obtained = step(parameters, visible, uniforms)
    for m in range(2):
        expected = model.train_step([array[m].astype(float) for array in parameters], work.layers, visible[m],
                                    uniforms[m], work.rate, work.particles)
        for ours, start, theirs in zip(expected, parameters, obtained, strict=True):
            moved = np.linalg.norm(ours - start[m])
            # Rounding may flip a draw of a large machine, and with it a part of one row of the batch.
            if not np.linalg.norm(np.asarray(theirs)[m] - ours) <= TOLERANCE + 0.1 * moved * (sum(work.layers) > 100):
                raise RuntimeError("wrong result: a step differs from the model's")


def answer(peer, work, command, argument):
    begin = time.perf_counter()
    if command == "save":
        np.save(argument, peer.parameters().astype(np.float32))
        return {}
    if command == "train":
        steps = int(argument)
        if steps % work.chunk != 0:
            raise RuntimeError(f"{steps} steps are no multiple of {work.chunk}")
        for _ in range(steps // work.chunk):
            peer.advance()
        peer.wait()
        return {"seconds": time.perf_counter() - begin}
    if command != "time":
        raise RuntimeError(f"unknown command {command}")
    calls, ahead = 0, 1
    while (elapsed := time.perf_counter() - begin) < float(argument):
        for _ in range(ahead):
            peer.advance()
        peer.wait()
        calls += ahead
        ahead = min(2 * ahead, 64) if time.perf_counter() - begin < float(argument) / 8 else ahead
    return {"machine_steps": calls * work.chunk * work.machines, "seconds": elapsed}


def serve(make, versions):
    """make(work) -> a peer with advance() (work.chunk steps, may return early), wait(), parameters()."""
    work = parse()
    begin = time.perf_counter()
    try:
        peer = make(work)
        peer.advance()
        peer.wait()
        print(json.dumps({"compile_seconds": time.perf_counter() - begin, **versions}), flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(peer, work, *line.split())), flush=True)
    except Exception as error:  # whatever a compiler or a driver raises is the reason that is shown
        print(json.dumps({"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}), flush=True)
        sys.exit(1)
