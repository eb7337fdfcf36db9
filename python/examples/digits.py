"""Handwritten digits, with one particle per row and with five: of a file, e.g. MNIST, or scikit-learn's 8 x 8 ones.

Usage: digits.py [FILE]     FILE: HDF5 with datasets train, valid and test of 0 and 1
"""

import sys

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits

import helmholtz as hm
from helmholtz import plot


def small_digits() -> hm.Dataset:
    images = load_digits().images >= 8
    return hm.Dataset(train=images[:1200], valid=images[1200:1500], test=images[1500:])


if len(sys.argv) > 1:
    data, hidden, lr, epochs, backend = hm.Dataset(sys.argv[1]), 200, 0.005, 10, "auto"
else:  # of the exact class: it prints the same everywhere
    data, hidden, lr, epochs, backend = small_digits(), 32, 0.02, 20, "cpu-fused"

results = hm.Sweep(
    [hidden // 4, hidden, data.visible_units],
    data,
    seeds=4,
    particles=[1, 5],
    lr=lr,
    batch=20,
    order="epochs",
    init="visible-bias:marginal+normal:0.1",
    steps=epochs * len(data["train"]) // 20,
    log_likelihood=50,  # particles per row of the first rows of valid
    rows=300,
    backend=backend,
).run()
valid = results["log_likelihood"][:, -1]
best = results.replay(int(results.machines[np.argmax(valid)]))
rows = data["test"]
some = np.ascontiguousarray(rows[:: max(1, len(rows) // 1000)])
test = best.log_prob(some, particles=500)

print(data)
for c, particles in enumerate(results.settings["particles"]):
    print(f"particles {particles}, valid:", *(f"{value:.1f}" for value in np.sort(valid[results.configurations == c])))
print(f"best: {best}, test: {test.mean():.1f} +- {test.std() / np.sqrt(len(test)):.1f} nats per row")

figure, axes = pyplot.subplot_mosaic("ab;cd", figsize=(10, 10), layout="constrained")
for c, particles in enumerate(results.settings["particles"]):
    plot.fan(results, configuration=c, ax=axes["ab"[c]]).set_title(f"valid, particles {particles}")
plot.receptive_fields(best, ax=axes["c"]).set_title("the best machine's generative weights")
plot.samples(best, 100, ax=axes["d"]).set_title("what it generates")
figure.savefig("digits.png", dpi=60)
