"""Does a peer learn what Helmholtz learns? Its machines' exact KL after some steps against that of Helmholtz' machines,
all from parameters, by one evaluator (model.exact_kl)."""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import model

LAYERS = [1, 6, 9]


def mean_and_error(values):
    return {"mean": float(np.mean(values)), "standard_error": float(np.std(values, ddof=1) / math.sqrt(len(values))),
            "machines": len(values)}


def of_rows(rows):
    return model.exact_kl(rows, LAYERS, *model.kirby3x3())


def of_helmholtz(program, backend, steps, machines, threads):
    """@throws RuntimeError if the program's own KL is another than the evaluator's"""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "sweep", "--layers", ",".join(map(str, LAYERS)), "--steps", steps, "--eval-every", steps,
                        "--seeds", f"0:{machines}", "--save-parameters", "all", "--out", f"{folder}/run", "--quiet",
                        "--backend", backend, "--threads", threads], check=True, stdout=subprocess.DEVNULL)
        values = []
        for shard in sorted(Path(f"{folder}/run/shards").glob("*.h5")):
            with h5py.File(shard) as file:
                own = file["kl_exact"][:, -1]
                values.append(of_rows(file["parameters"][:].reshape(len(own), -1)))
                if not np.abs(values[-1] - own).max() <= 1e-9:
                    raise RuntimeError("wrong result: helmholtz' exact KL is not that of its parameters")
    return np.concatenate(values)


def main():
    """learning.py rows FILE | learning.py helmholtz PROGRAM BACKEND STEPS MACHINES THREADS: prints mean and error."""
    kind, *arguments = sys.argv[1:]
    values = of_rows(np.load(*arguments)) if kind == "rows" else of_helmholtz(*arguments)
    print(json.dumps(mean_and_error(values)))


if __name__ == "__main__":
    main()
