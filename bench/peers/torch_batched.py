#!/usr/bin/env python3
"""Wake-sleep and reweighted wake-sleep in PyTorch, all machines in one batch: torch.compile around a step, CUDA graphs of
many steps on a GPU, one draw of uniforms a step. Variants: `bmm` multiplies with torch.baddbmm, machines on the first axis; `sum`
keeps machines on the last axis and multiplies and sums elementwise (a batch of one, one particle); `-eager` behind either leaves
torch.compile out."""

import functools

import numpy as np
import torch

import model
import server


class Products:
    """Arrays [machines x ...]; states [machines x batch x units]."""

    axis = 0

    def __init__(self, work):
        self.rate, self.batch, self.particles = work.rate / work.batch, work.batch, work.particles

    def by_particle(self, uniforms):
        """[machines x batch x particles * units] as rows of particles."""
        return uniforms.reshape(len(uniforms), self.batch * self.particles, -1)

    def repeated(self, visible):
        return visible.repeat_interleave(self.particles, dim=1)

    def weights(self, log_ratio):
        """[machines x rows of particles x 1] of ln p / q [machines x rows of particles]."""
        return log_ratio.view(-1, self.batch, self.particles).softmax(dim=2).view(*log_ratio.shape, 1)

    def uniforms(self, machines, batch, draws, device):
        return torch.rand(machines, batch, draws, device=device)

    def parts(self, uniforms, sizes):
        return uniforms.split(sizes, dim=2)

    def chosen(self, uniforms, thresholds, patterns):
        return patterns[(uniforms >= thresholds).sum(dim=2)]

    def activities(self, weights, bias, inputs):
        return torch.baddbmm(bias.unsqueeze(1), inputs, weights.transpose(1, 2))

    def bias_activities(self, bias, like):
        return bias.unsqueeze(1).expand_as(like)

    def learn(self, weights, bias, inputs, delta):
        weights.baddbmm_(delta.transpose(1, 2), inputs, alpha=self.rate)
        self.learn_bias(bias, delta)

    def learn_bias(self, bias, delta):
        bias.add_(delta.sum(dim=1), alpha=self.rate)


class Sums:
    """Arrays [... x machines]; states [units x machines]: a batch of one."""

    axis = -1

    def __init__(self, work):
        if work.batch != 1 or work.particles != 1:
            raise ValueError("variant sum takes a batch of one and one particle")
        self.rate, self.particles = work.rate, 1

    def by_particle(self, uniforms):
        return uniforms

    def repeated(self, visible):
        return visible

    def uniforms(self, machines, _, draws, device):
        return torch.rand(draws, machines, device=device)

    def parts(self, uniforms, sizes):
        return uniforms.split(sizes)

    def chosen(self, uniforms, thresholds, patterns):
        return patterns[(uniforms >= thresholds.unsqueeze(1)).sum(dim=0)].T

    def activities(self, weights, bias, inputs):
        return (weights * inputs.unsqueeze(0)).sum(dim=1) + bias

    def bias_activities(self, bias, _):
        return bias

    def learn(self, weights, bias, inputs, delta):
        weights.add_(delta.unsqueeze(1) * inputs.unsqueeze(0), alpha=self.rate)
        self.learn_bias(bias, delta)

    def learn_bias(self, bias, delta):
        bias.add_(delta, alpha=self.rate)


def log_probability(states, activities):
    return (states * activities - torch.nn.functional.softplus(activities)).sum(dim=2)


def train_step(ops, layers, parameters, visible, uniforms):
    """One step of all machines, in place."""
    top = len(layers) - 1
    b0, rest = parameters[0], parameters[1:]
    pairs = [(rest[2 * k], rest[2 * k + 1]) for k in range(2 * top)]
    generative, recognition = pairs[:top], pairs[top:]  # recognition from below
    several = ops.particles > 1
    first, second = ops.parts(uniforms, [ops.particles * sum(layers[:-1]), sum(layers)])

    states, recognised = [ops.repeated(visible)], []
    for layer, draws in zip(recognition, ops.parts(ops.by_particle(first), layers[-2::-1])):
        recognised.append(ops.activities(*layer, states[0]))
        states.insert(0, (draws < recognised[-1].sigmoid()).float())
    generated = [ops.bias_activities(b0, states[0]),
                 *(ops.activities(*layer, inputs) for layer, inputs in zip(generative, states))]
    deltas = [targets - a.sigmoid() for targets, a in zip(states, generated)]
    if several:
        weights = ops.weights(sum(map(log_probability, states, generated)) -
                              sum(map(log_probability, states[-2::-1], recognised)))
        deltas = [weights * delta for delta in deltas]
    ops.learn_bias(b0, deltas[0])
    for layer, inputs, delta in zip(generative, states, deltas[1:]):
        ops.learn(*layer, inputs, delta)
    if several:
        for layer, inputs, targets, a in zip(recognition, states[:0:-1], states[-2::-1], recognised):
            ops.learn(*layer, inputs, weights * (targets - a.sigmoid()))

    draws = iter(ops.parts(second, layers))
    draw = next(draws)
    dreamt = [(draw < ops.bias_activities(b0, draw).sigmoid()).float()]
    for layer in generative:
        dreamt.append((next(draws) < ops.activities(*layer, dreamt[-1]).sigmoid()).float())
    deltas = [targets - ops.activities(*layer, inputs).sigmoid() for layer, inputs, targets in
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
        self.ops = {"bmm": Products, "sum": Sums, "": Products}[name](work)
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
        train_step(self.ops, self.work.layers, state, *rows)
        return [np.moveaxis(array.cpu().numpy(), self.ops.axis, 0) for array in state]

    def uniforms(self):
        work = self.work
        draws = model.draws_of(work.layers, work.particles)
        return self.ops.uniforms(work.machines, work.batch, 1 + draws, self.device)

    def one_step(self, uniforms):
        pattern, uniforms = self.ops.parts(uniforms, [1, model.draws_of(self.work.layers, self.work.particles)])
        visible = self.ops.chosen(pattern, self.thresholds, self.patterns)
        train_step(self.ops, self.work.layers, self.state, visible, uniforms)

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
