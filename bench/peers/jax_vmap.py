#!/usr/bin/env python3
"""Wake-sleep and reweighted wake-sleep in JAX: one machine written plainly, vmap over machines, scan over steps, jit around it; a key a machine,
one draw of uniforms a step. Variants: `last` keeps machines on the last axis, where vectors want them; `first` is
vmap's default."""

import functools
import os

import numpy as np

import model
import server


def make_step(layers, rate, particles):
    """step(parameters, visible [batch x units], uniforms) of one machine; parameters in file order."""
    import jax
    import jax.numpy as jnp

    top = len(layers) - 1
    recognised_from = np.cumsum(layers[-2::-1])[:-1]
    dreamt_from = np.cumsum(layers)[:-1]
    recognised_units = particles * sum(layers[:-1])

    def activity(weights, bias, inputs):
        if inputs.shape[0] == 1:  # a fused multiply and sum beats a product of a matrix and a single row
            return (weights * inputs).sum(axis=1)[None] + bias
        return inputs @ weights.T + bias

    def update(weights, bias, inputs, delta):
        return weights + (delta.T * inputs if delta.shape[0] == 1 else delta.T @ inputs), bias + delta.sum(axis=0)

    def sample(activity, draws):
        return (draws < jax.nn.sigmoid(activity)).astype(jnp.float32)

    def log_probability(states, activity):
        return (states * activity - jax.nn.softplus(activity)).sum(axis=1)

    def step(parameters, visible, uniforms):
        b0, rest = parameters[0], parameters[1:]
        pairs = [(rest[2 * k], rest[2 * k + 1]) for k in range(2 * top)]
        generative, recognition = pairs[:top], pairs[top:]  # recognition from below
        batch = visible.shape[0]
        mean_rate = rate / batch
        first = uniforms[:, :recognised_units].reshape(batch * particles, -1)

        states, recognised = [jnp.repeat(visible, particles, axis=0)], []
        for layer, draws in zip(recognition, jnp.split(first, recognised_from, axis=1)):
            recognised.append(activity(*layer, states[0]))
            states.insert(0, sample(recognised[-1], draws))
        top_activity = jnp.broadcast_to(b0, states[0].shape)
        generated = [top_activity, *(activity(*layer, inputs) for layer, inputs in zip(generative, states))]
        weights = mean_rate
        if particles > 1:
            ratio = sum(log_probability(s, a) for s, a in zip(states, generated))
            ratio -= sum(log_probability(s, a) for s, a in zip(states[-2::-1], recognised))
            weights *= jax.nn.softmax(ratio.reshape(batch, particles), axis=1).reshape(-1, 1)
        deltas = [weights * (s - jax.nn.sigmoid(a)) for s, a in zip(states, generated)]
        b0 = b0 + deltas[0].sum(axis=0)
        generative = [update(*layer, inputs, delta) for layer, inputs, delta in zip(generative, states, deltas[1:])]
        if particles > 1:
            recognition = [update(*layer, inputs, weights * (targets - jax.nn.sigmoid(a))) for layer, inputs, targets, a in
                           zip(recognition, states[:0:-1], states[-2::-1], recognised)]

        draws = iter(jnp.split(uniforms[:, recognised_units:], dreamt_from, axis=1))
        dreamt = [sample(jnp.broadcast_to(b0, (batch, layers[0])), next(draws))]
        for layer in generative:
            dreamt.append(sample(activity(*layer, dreamt[-1]), next(draws)))
        recognition = [
            update(w, b, inputs, mean_rate * (targets - jax.nn.sigmoid(activity(w, b, inputs))))
            for (w, b), inputs, targets in zip(recognition, dreamt[:0:-1], dreamt[-2::-1])]
        return [b0, *(array for pair in generative + recognition for array in pair)]

    return step


class Machines:
    def __init__(self, work):
        import jax
        import jax.numpy as jnp

        self.layers, self.machines = work.layers, work.machines
        axis = -1 if work.variant == "last" else 0
        step = make_step(work.layers, work.rate, work.particles)
        server.check_one_step(work, jax.jit(jax.vmap(step)))
        patterns, probabilities = model.world_of_size(work.layers[-1])
        patterns = jnp.asarray(patterns, jnp.float32)
        thresholds = jnp.asarray(np.cumsum(probabilities)[:-1], jnp.float32)
        draws = model.draws_of(work.layers, work.particles)

        def one_step(parameters, key, t):
            uniforms = jax.random.uniform(jax.random.fold_in(key, t), (work.batch, draws + 1))
            chosen = (uniforms[:, :1] >= thresholds).sum(axis=1)
            return step(parameters, patterns[chosen], uniforms[:, 1:])

        every = jax.vmap(one_step, in_axes=(axis, 0, None), out_axes=axis)

        @functools.partial(jax.jit, donate_argnums=0)
        def advance(parameters, keys, first):
            def body(parameters, t):
                return every(parameters, keys, t), None
            return jax.lax.scan(body, parameters, first + jnp.arange(work.chunk))[0]

        self.call, self.chunk, self.t, self.axis = advance, work.chunk, 0, axis
        self.keys = jax.vmap(jax.random.key)(work.seed + jnp.arange(work.machines))
        self.state = [jnp.asarray(np.moveaxis(array, 0, axis)) for array in server.initial_parameters(work)]

    def advance(self):
        self.state = self.call(self.state, self.keys, self.t)
        self.t += self.chunk

    def wait(self):
        self.state[0].block_until_ready()

    def parameters(self):
        rows = [np.moveaxis(np.asarray(array), self.axis, 0).reshape(self.machines, -1) for array in self.state]
        return np.concatenate(rows, axis=1)


def main():
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    work = server.parse()
    os.environ["JAX_PLATFORMS"] = work.device
    import jax

    server.serve(Machines, {"version": jax.__version__})


if __name__ == "__main__":
    main()
