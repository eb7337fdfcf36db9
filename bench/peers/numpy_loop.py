#!/usr/bin/env python3
"""Wake-sleep in NumPy, one machine and one pattern a step: the program that Helmholtz replaces.

  numpy_loop.py                 times training steps, prints a line of JSON
  numpy_loop.py --check FILE    replays the runs of FILE (tests/data/notebook_numpy.jsonl) and compares every digit
                                to 1e-9 before it times anything
"""

import argparse
import json
import sys
import time

import numpy as np

from model import kirby3x3, sigmoid

TOLERANCE = 1e-9


class Layer:
    """P(outputs = 1 | inputs) = sigmoid(W inputs + b). The top layer has no inputs."""

    def __init__(self, inputs, outputs):
        self.weights = np.zeros((outputs, inputs))
        self.bias = np.zeros(outputs)

    def probabilities(self, inputs):
        return sigmoid(inputs @ self.weights.T + self.bias)

    def sample(self, inputs):
        """Rows of inputs to rows of outputs; every uniform is drawn, row by row."""
        p = self.probabilities(inputs)
        return (np.random.uniform(size=p.shape) < p).astype(float)

    def learn(self, inputs, targets, rate):
        delta = rate * (targets - self.probabilities(inputs))
        self.weights += delta.T @ inputs
        self.bias += delta.sum(axis=0)


class Machine:
    """Layer sizes top first. States are lists of rows, top first: states[l] belongs to layer l."""

    def __init__(self, sizes):
        above = [0, *sizes[:-1]]
        self.generative = [Layer(i, o) for i, o in zip(above, sizes)]
        self.recognition = [Layer(i, o) for i, o in zip(sizes[1:], sizes[:-1])]

    def recognise(self, visible):
        states = [visible]
        for layer in reversed(self.recognition):
            states.insert(0, layer.sample(states[0]))
        return states

    def dream(self, rows):
        states = [np.empty((rows, 0))]
        for layer in self.generative:
            states.append(layer.sample(states[-1]))
        return states[1:]

    def step(self, visible, rate):
        """Wake, then sleep."""
        states = self.recognise(visible)
        no_inputs = np.empty((len(visible), 0))
        for layer, inputs, targets in zip(self.generative, [no_inputs, *states], states):
            layer.learn(inputs, targets, rate)
        dreamt = self.dream(len(visible))
        for layer, inputs, targets in zip(self.recognition, dreamt[1:], dreamt):
            layer.learn(inputs, targets, rate)


def train(machine, patterns, probabilities, steps, rate):
    for _ in range(steps):
        k = np.random.choice(len(patterns), p=probabilities)
        machine.step(patterns[k : k + 1], rate)


def sampled_kl(machine, patterns, probabilities, samples):
    """KL(world || model) in nats from the shares of the patterns among generated samples."""
    visible = machine.dream(samples)[-1]
    shares = np.array([(visible == pattern).all(axis=1).mean() for pattern in patterns])
    with np.errstate(divide="ignore"):
        return float(np.sum(probabilities * (np.log(probabilities) - np.log(shares))))


def replay(run):
    """The sampled KL after each block of a recorded run."""
    patterns, probabilities = kirby3x3()
    np.random.seed(run["seed"])
    machine = Machine(run["layers"])
    for _ in range(run["blocks"]):
        train(machine, patterns, probabilities, run["steps"], run["lr"])
        yield sampled_kl(machine, patterns, probabilities, run["samples"])


def check(path):
    """Compares every recorded sampled KL. @return how many"""
    compared = 0
    with open(path, encoding="utf-8") as file:
        for run in map(json.loads, file):
            for block, (ours, expected) in enumerate(zip(replay(run), run["hist"], strict=True)):
                if not abs(ours - float(expected)) <= TOLERANCE:
                    sys.exit(f"numpy_loop: seed {run['seed']}, block {block}: {ours!r} instead of {expected}")
                compared += 1
    if compared == 0:
        sys.exit(f"numpy_loop: {path} holds no run")
    return compared


def measure(sizes, seconds):
    """Machine-steps per second, over at least `seconds` after a warm-up."""
    patterns, probabilities = kirby3x3()
    np.random.seed(0)
    machine = Machine(sizes)
    train(machine, patterns, probabilities, 200, 0.05)
    steps, begin = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begin) < seconds:
        train(machine, patterns, probabilities, 500, 0.05)
        steps += 500
    return steps / elapsed, steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FILE", help="recorded runs to replay first")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure; 0: check only")
    arguments = parser.parse_args()
    result = {"program": "numpy_loop", "layers": [1, 6, 9], "numpy": np.__version__}
    if arguments.check:
        result["digits_compared"] = check(arguments.check)
    if arguments.seconds > 0:
        result["machine_steps_per_second"], result["steps"] = measure(result["layers"], arguments.seconds)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
