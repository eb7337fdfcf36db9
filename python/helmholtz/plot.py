"""Pictures of sweeps and machines, by matplotlib.

Each function draws on `ax`, or on a new one, and returns it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._machines import Machine
from ._sweep import Results
from ._worlds import Bits, Doubles

__all__ = ["distributions", "fan", "receptive_fields", "samples"]

BANDS = ((0.05, 0.95), (0.25, 0.75))


def _axes(ax: Any | None) -> Any:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def _metric(results: Results, metric: str | None) -> str:
    """What is drawn unless it is named: the first that there is, so a KL before the log-likelihood."""
    return results.metrics[0] if metric is None else metric


def _label(metric: str) -> str:
    names = {"kl_exact": "exact KL(world || model)", "kl_sampled": "sampled KL(world || model)"}
    return names.get(metric, metric.replace("_", " ")) + " / nats"


def _title(results: Results, configuration: int) -> str:
    settings = {name: values[configuration] for name, values in results.settings.items()}
    return f"layers {settings['layers']}, lr {settings['lr']}, batch {settings['batch']}"


def _of(results: Results, metric: str, configuration: int) -> Doubles:
    """A configuration's machines, (machines, evaluations)."""
    of_configuration = np.flatnonzero(results.configurations == configuration)
    return results[metric].take(of_configuration, axis=0)


def fan(results: Results, metric: str | None = None, *, configuration: int = 0, ax: Any | None = None) -> Any:
    """How a configuration's machines spread while they learn: the median, quartiles and 5 to 95 %.

    Parameters
    ----------
    results : Results
        Of a sweep.
    metric : str, optional
        One of ``results.metrics``; without it, the first.
    configuration : int
        A row of ``results.settings``.
    ax : matplotlib Axes, optional
        Where to draw.
    """
    ax = _axes(ax)
    name = _metric(results, metric)
    values = _of(results, name, configuration)
    for low, high in BANDS:
        lower, upper = np.nanquantile(values, [low, high], axis=0)
        label = f"{low:.0%} to {high:.0%}"
        ax.fill_between(results.steps, lower, upper, color="C0", alpha=0.25, linewidth=0, label=label)
    ax.plot(results.steps, np.nanmedian(values, axis=0), color="C0", label="median")
    ax.set(xlabel="step", ylabel=_label(name), title=_title(results, configuration))
    ax.legend()
    return ax


def distributions(results: Results, metric: str | None = None, *, ax: Any | None = None) -> Any:
    """The share of each configuration's machines that end at or below a value.

    Parameters
    ----------
    results : Results
        Of a sweep.
    metric : str, optional
        One of ``results.metrics``; without it, the first.
    ax : matplotlib Axes, optional
        Where to draw.
    """
    ax = _axes(ax)
    name = _metric(results, metric)
    for configuration in range(results.settings.rows):
        last = _of(results, name, configuration)[:, -1]
        ends = np.sort(last[np.isfinite(last)])
        ax.step(ends, np.arange(1, len(ends) + 1) / len(last), where="post", label=_title(results, configuration))
    ax.set(xlabel=_label(name), ylabel="share of the machines", ylim=(0, 1))
    ax.legend()
    return ax


def _colours(name: str) -> Any:
    """A colour map that shows the margins between images."""
    from matplotlib import colormaps

    return colormaps[name].with_extremes(bad="0.8")


def _tiled(images: NDArray[Any]) -> NDArray[np.float64]:
    """Images [n, rows, columns] side by side in about a square, with a margin of NaN."""
    n, rows, columns = images.shape
    across = int(np.ceil(np.sqrt(n)))
    down = -(-n // across)
    canvas = np.full((down * (rows + 1) + 1, across * (columns + 1) + 1), np.nan)
    for i, image in enumerate(images):
        y, x = 1 + i // across * (rows + 1), 1 + i % across * (columns + 1)
        canvas[y : y + rows, x : x + columns] = image
    return canvas


def receptive_fields(machine: Machine, *, ax: Any | None = None) -> Any:
    """The generative weights from each unit of the lowest hidden layer into the visible one; red: it switches on.

    Parameters
    ----------
    machine : Machine
        Any.
    ax : matplotlib Axes, optional
        Where to draw.
    """
    ax = _axes(ax)
    weights = machine.generative[-1].weights.T
    largest = float(np.abs(weights).max()) or 1.0
    image = ax.imshow(_tiled(weights.reshape(-1, *machine.shape)), cmap=_colours("RdBu_r"), vmin=-largest, vmax=largest)
    ax.figure.colorbar(image, ax=ax)
    ax.set_axis_off()
    return ax


def samples(
    machine: Machine | Bits, n: int = 64, *, shape: tuple[int, int] | None = None, ax: Any | None = None
) -> Any:
    """Patterns that a machine generates, or rows.

    Parameters
    ----------
    machine : Machine or array, (rows, units)
        What to draw.
    n : int
        How many.
    shape : (int, int), optional
        Of a pattern; of rows, needed.
    ax : matplotlib Axes, optional
        Where to draw.
    """
    ax = _axes(ax)
    rows = machine.sample(n) if isinstance(machine, Machine) else np.asarray(machine)[:n]
    if shape is None and isinstance(machine, Machine):
        shape = machine.shape
    if shape is None:
        raise TypeError("shape: got none; allowed: (rows, columns) of a pattern")
    ax.imshow(_tiled(rows.reshape(-1, *shape)), cmap=_colours("gray_r"), vmin=0, vmax=1)
    ax.set_axis_off()
    return ax
