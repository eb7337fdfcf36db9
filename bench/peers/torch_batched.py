#!/usr/bin/env python3
"""Wake-sleep in PyTorch, all machines in one batch: torch.compile around a step, CUDA graphs of many steps on a GPU, one
draw of uniforms a step. Variants: `bmm` multiplies with torch.baddbmm, machines on the first axis; `sum` keeps machines on the
last axis and multiplies and sums elementwise (a batch of one only); `-eager` behind either leaves torch.compile out."""

import functools

import numpy as np
import torch

import model
import server


class Products:
    """Arrays [machines x ...]; states [machines x batch x units]."""

    axis = 0

    def __init__(self, rate, batch):
        self.rate = rate / batch

    def uniforms(self, machines, batch, draws, device):
        return torch.rand(machines, batch, draws, device=device)

    def parts(self, uniforms, sizes):
        return uniforms.split(sizes, dim=2)

    def chosen(self, uniforms, thresholds, patterns):
        return patterns[(uniforms >= thresholds).sum(dim=2)]

    def probabilities(self, weights, bias, inputs):
        return torch.baddbmm(bias.unsqueeze(1), inputs, weights.transpose(1, 2)).sigmoid()

    def bias_probabilities(self, bias, like):
        return bias.sigmoid().unsqueeze(1).expand_as(like)

    def learn(self, weights, bias, inputs, delta):
        weights.baddbmm_(delta.transpose(1, 2), inputs, alpha=self.rate)
        self.learn_bias(bias, delta)

    def learn_bias(self, bias, delta):
        bias.add_(delta.sum(dim=1), alpha=self.rate)


class Sums:
    """Arrays [... x machines]; states [units x machines]: a batch of one."""

    axis = -1

    def __init__(self, rate, batch):
        if batch != 1:
            raise ValueError("variant sum takes a batch of one")
        self.rate = rate

    def uniforms(self, machines, _, draws, device):
        return torch.rand(draws, machines, device=device)

    def parts(self, uniforms, sizes):
        return uniforms.split(sizes)

    def chosen(self, uniforms, thresholds, patterns):
        return patterns[(uniforms >= thresholds.unsqueeze(1)).sum(dim=0)].T

    def probabilities(self, weights, bias, inputs):
        return ((weights * inputs.unsqueeze(0)).sum(dim=1) + bias).sigmoid()

    def bias_probabilities(self, bias, _):
        return bias.sigmoid()

    def learn(self, weights, bias, inputs, delta):
        weights.add_(delta.unsqueeze(1) * inputs.unsqueeze(0), alpha=self.rate)
        self.learn_bias(bias, delta)

    def learn_bias(self, bias, delta):
        bias.add_(delta, alpha=self.rate)


def wake_sleep(ops, layers, parameters, visible, uniforms):
    """One step of all machines, in place."""
    top = len(layers) - 1
    b0, rest = parameters[0], parameters[1:]
    pairs = [(rest[2 * k], rest[2 * k + 1]) for k in range(2 * top)]
    generative, recognition = pairs[:top], pairs[top:]  # recognition from below
    draws = iter(ops.parts(uniforms, [*reversed(layers[:-1]), *layers]))

    states = [visible]
    for weights, bias in recognition:
        states.insert(0, (next(draws) < ops.probabilities(weights, bias, states[0])).float())
    deltas = [targets - ops.probabilities(*layer, inputs) for layer, inputs, targets in
              zip(generative, states, states[1:])]
    ops.learn_bias(b0, states[0] - ops.bias_probabilities(b0, states[0]))
    for layer, inputs, delta in zip(generative, states, deltas):
        ops.learn(*layer, inputs, delta)

    draw = next(draws)
    dreamt = [(draw < ops.bias_probabilities(b0, draw)).float()]
    for weights, bias in generative:
        dreamt.append((next(draws) < ops.probabilities(weights, bias, dreamt[-1])).float())
    deltas = [targets - ops.probabilities(*layer, inputs) for layer, inputs, targets in
              zip(recognition, dreamt[:0:-1], dreamt[-2::-1])]
    for layer, inputs, delta in zip(recognition, dreamt[:0:-1], deltas):
        ops.learn(*layer, inputs, delta)


class Machines:
    def __init__(self, work):
        torch.set_num_threads(work.threads)
        torch.manual_seed(work.seed)
        torch.set_grad_enabled(False)
        if work.device == "cuda" and not torch.cuda.is_available():
            raise RuntimeError("this PyTorch sees no CUDA device")
        name, _, eager = work.variant.partition("-")
        self.ops = {"bmm": Products, "sum": Sums, "": Products}[name](work.rate, work.batch)
        self.work, self.device = work, torch.device(work.device)
        server.check_one_step(work, self.step_of_two)
        patterns, probabilities = model.world_of_size(work.layers[-1])
        self.patterns = torch.tensor(patterns, dtype=torch.float32, device=self.device)
        self.thresholds = torch.tensor(np.cumsum(probabilities)[:-1], dtype=torch.float32, device=self.device)
        self.state = self.place(server.initial_parameters(work))
        compiled = (lambda function: function) if eager else functools.partial(torch.compile, dynamic=False,
                                                                               fullgraph=True)
        if self.device.type == "cuda":  # the generator becomes a part of the compiled kernels
            self.step = compiled(lambda: self.one_step(self.uniforms()))
            self.capture()
        else:  # compiled for a CPU, the generator is several times slower than torch's own
            learn = compiled(self.one_step)
            self.step = lambda: learn(self.uniforms())

    def place(self, arrays):
        return [torch.tensor(np.ascontiguousarray(np.moveaxis(array, 0, self.ops.axis)), device=self.device)
                for array in arrays]

    def step_of_two(self, parameters, visible, uniforms):
        """server.check_one_step's step."""
        state = self.place(parameters)
        rows = [torch.tensor(array, device=self.device) for array in (visible, uniforms)]
        if self.ops.axis == -1:
            rows = [array[:, 0].T for array in rows]
        wake_sleep(self.ops, self.work.layers, state, *rows)
        return [np.moveaxis(array.cpu().numpy(), self.ops.axis, 0) for array in state]

    def uniforms(self):
        work = self.work
        return self.ops.uniforms(work.machines, work.batch, 1 + model.draws_of(work.layers), self.device)

    def one_step(self, uniforms):
        first, uniforms = self.ops.parts(uniforms, [1, model.draws_of(self.work.layers)])
        visible = self.ops.chosen(first, self.thresholds, self.patterns)
        wake_sleep(self.ops, self.work.layers, self.state, visible, uniforms)

    def capture(self):
        """A CUDA graph of a whole chunk: one launch, not thousands."""
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
        stream.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for _ in range(self.work.chunk):
                self.step()

    def advance(self):
        if self.device.type == "cuda":
            self.graph.replay()
            return
        for _ in range(self.work.chunk):
            self.step()

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def parameters(self):
        rows = [np.moveaxis(array.cpu().numpy(), self.ops.axis, 0).reshape(self.work.machines, -1)
                for array in self.state]
        return np.concatenate(rows, axis=1)


if __name__ == "__main__":
    server.serve(Machines, {"version": torch.__version__})
