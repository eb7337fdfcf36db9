#!/usr/bin/env python3
"""numpy_loop's machines behind server.py's protocol, one after the other. A larger batch is the same program on more rows."""

import numpy as np

import model
import numpy_loop
import server


class Machines:
    def __init__(self, work):
        np.random.seed(work.seed)
        self.work = work
        self.patterns, self.probabilities = model.world_of_size(work.layers[-1])
        self.machines = [numpy_loop.Machine(work.layers) for _ in range(work.machines)]
        for m, machine in enumerate(self.machines):
            for array, start in zip(self.arrays(machine), server.initial_parameters(work), strict=True):
                array[...] = start[m]

    @staticmethod
    def arrays(machine):
        """In file order."""
        layers = [*machine.generative[1:], *reversed(machine.recognition)]
        return [machine.generative[0].bias, *(array for layer in layers for array in (layer.weights, layer.bias))]

    def advance(self):
        rate = self.work.rate / self.work.batch
        for machine in self.machines:
            for _ in range(self.work.chunk):
                chosen = np.random.choice(len(self.patterns), size=self.work.batch, p=self.probabilities)
                machine.step(self.patterns[chosen], rate)

    def wait(self):
        pass

    def parameters(self):
        return np.stack([np.concatenate([array.ravel() for array in self.arrays(machine)]) for machine in self.machines])


if __name__ == "__main__":
    server.serve(Machines, {"version": np.__version__})
