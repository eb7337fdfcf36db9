"""What machines learn: worlds, whose patterns can be enumerated, and data sets."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._checks import as_array, as_shape
from ._files import write_whole
from .errors import InvalidArgument

__all__ = ["Dataset", "World", "world", "worlds"]

PathLike = Union[str, "os.PathLike[str]"]
Bits = NDArray[np.uint8]
Doubles = NDArray[np.float64]


class World:
    """A distribution over binary patterns that can be enumerated.

    Parameters
    ----------
    X : array of uint8 or bool, (patterns, units) or (patterns, height, width)
        The patterns, 0 and 1, in C order; anything with the buffer protocol or DLPack, or a list of lists. Equal
        patterns are one, with their weights added.
    weights : array of float, (patterns,), optional
        How likely each is, before normalisation. Without it, all are the same.
    shape : (int, int), optional
        Rows and columns of a pattern drawn as an image. Without it, a square where there is one.
    name : str
        What to call it.

    See Also
    --------
    world : the worlds that come with the package, and files of patterns.

    Examples
    --------
    >>> import numpy as np
    >>> import helmholtz as hm
    >>> xor = hm.World(np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=np.uint8), name="xor")
    >>> xor
    World('xor', 4 patterns of 1 x 3)
    >>> round(xor.entropy, 4)
    1.3863
    """

    def __init__(
        self,
        X: Any,
        weights: Any | None = None,
        *,
        shape: tuple[int, int] | None = None,
        name: str = "array",
    ) -> None:
        rows = as_array(X)
        checked = None if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
        self._core = _core.make_array_world(rows, checked, as_shape(shape, rows), name)

    @classmethod
    def _of(cls, core: _core.World) -> World:
        self = cls.__new__(cls)
        self._core = core
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return self._core.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a pattern drawn as an image."""
        return self._core.shape

    @property
    def visible_units(self) -> int:
        """Units of a pattern."""
        return self._core.visible_units

    @property
    def patterns(self) -> Bits:
        """The distinct patterns, (patterns, units)."""
        return self._core.patterns()

    @property
    def probabilities(self) -> Doubles:
        """How likely each is; they add up to 1."""
        return self._core.probabilities()

    @property
    def marginals(self) -> Doubles:
        """P(unit = 1) of each unit."""
        return self._core.marginals()

    @property
    def entropy(self) -> float:
        """In nats."""
        return self._core.entropy

    def save(self, path: PathLike) -> None:
        """Write the patterns as text, which ``world("file:PATH")`` reads back to the bit.

        Parameters
        ----------
        path : path-like
            The file; one that is there is replaced.
        """
        write_whole(Path(path), self._text())

    def _text(self) -> bytes:
        lines = (
            "".join(map(str, pattern)) + f" | {float(p)!r}\n" for pattern, p in zip(self.patterns, self.probabilities)
        )
        return "".join(lines).encode("ascii")

    def _files_for(self, folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
        """Of a sweep in a folder: the fields that say what it learns, and the files there that they name."""
        return {"world": f"file:{folder.resolve() / 'patterns.txt'}"}, {"patterns.txt": self._text()}

    def __len__(self) -> int:
        return self._core.size

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"World({self.name!r}, {len(self)} patterns of {rows} x {columns})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_world, (self.patterns, self.probabilities.copy(), self.shape, self.name)


def _restored_world(patterns: Bits, probabilities: Doubles, shape: tuple[int, int], name: str) -> World:
    return World(patterns, probabilities, shape=shape, name=name)


def world(name: str) -> World:
    """A world that comes with the package, or a file of patterns.

    Parameters
    ----------
    name : str
        A name of `worlds`, or ``"file:PATH"``: text, a line of 0 and 1 per pattern, perhaps ``| weight`` behind it.

    Returns
    -------
    World

    Examples
    --------
    >>> import helmholtz as hm
    >>> hm.world("bars4x4")
    World('bars4x4', 30 patterns of 4 x 4)
    """
    return World._of(_core.make_world(name))


def worlds() -> dict[str, str]:
    """The worlds that come with the package, each with a sentence about it.

    Examples
    --------
    >>> import helmholtz as hm
    >>> list(hm.worlds())[:2]
    ['kirby3x3', 'bars4x4']
    """
    return dict(_core.world_names())


class Dataset:
    """Rows to train on, to choose by and to judge by.

    Parameters
    ----------
    data : path-like, optional
        HDF5 with datasets ``train``, ``valid`` and ``test``; text, IDX or NPY: ``train`` alone.
    train, valid, test : array or path-like, optional
        A split each: arrays as `World` takes them, or files.
    binarize : float or "sample", optional
        How values from 0 to 1, or bytes that mean k/255, become units: 1 from a threshold on, or drawn at each visit.
        Without it, they must be 0 and 1.
    shape : (int, int), optional
        Of a row drawn as an image; for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import helmholtz as hm
    >>> rows = np.random.default_rng(1).random((100, 16)) < 0.3
    >>> data = hm.Dataset(train=rows[:80], valid=rows[80:])
    >>> data
    Dataset('arrays', train 80, valid 20, 16 units)
    """

    def __init__(
        self,
        data: PathLike | None = None,
        *,
        train: Any | None = None,
        valid: Any | None = None,
        test: Any | None = None,
        binarize: float | str | None = None,
        shape: tuple[int, int] | None = None,
    ) -> None:
        self._binarize = "none" if binarize is None else str(binarize)
        self._files: dict[str, str] | None = None
        if data is not None or any(isinstance(split, (str, os.PathLike)) for split in (train, valid, test)):
            self._files = {
                "data": _path_text(data),
                "train": _path_text(train),
                "valid": _path_text(valid),
                "test": _path_text(test),
            }
            self._core = _core.file_data(**self._files, binarize=self._binarize)
            return
        if train is None:
            raise InvalidArgument("train: got nothing; allowed: an array or a file", "train")
        self._core = _core.array_data(
            _units_of(train, binarize, "train"),
            _units_of(valid, binarize, "valid"),
            _units_of(test, binarize, "test"),
            is_grey=binarize == "sample",
            shape=as_shape(shape, train),
            name="arrays",
        )

    @property
    def name(self) -> str:
        """What it is called."""
        return self._core.name

    @property
    def splits(self) -> list[str]:
        """Of "train", "valid" and "test" those that there are."""
        return self._core.splits

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a row drawn as an image."""
        return self._core.shape

    @property
    def visible_units(self) -> int:
        """Units of a row."""
        return self._core.visible_units

    def __getitem__(self, split: str) -> Bits:
        """The rows of a split, (rows, units): 0 and 1, or k for P(unit = 1) = k/255 where they are to be drawn."""
        return self._core.rows(split)

    def _files_for(self, folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
        """As of `World`; for rows of arrays."""
        fields = {split: str(folder.resolve() / f"{split}.npy") for split in self.splits}
        contents = {f"{split}.npy": _npy(self._values(split)) for split in self.splits}
        return {**fields, "binarize": "sample" if self._core.is_grey else "none"}, contents

    def _values(self, split: str) -> NDArray[Any]:
        """The rows as files of a data set have them: 0 and 1, or P(unit = 1), in the shape of images."""
        rows = self[split].reshape(-1, *self.shape)
        return rows.astype(np.float32) / 255 if self._core.is_grey else rows

    def __repr__(self) -> str:
        counts = ", ".join(f"{split} {len(self[split])}" for split in self.splits)
        return f"Dataset({self.name!r}, {counts}, {self.visible_units} units)"

    def __getstate__(self) -> dict[str, Any]:
        if self._files is not None:
            return {"files": self._files, "binarize": self._binarize}
        rows = {split: self[split] for split in self.splits}
        return {"rows": rows, "is_grey": self._core.is_grey, "shape": self.shape, "binarize": self._binarize}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._binarize = state["binarize"]
        self._files = state.get("files")
        if self._files is not None:
            self._core = _core.file_data(**self._files, binarize=self._binarize)
            return
        rows = state["rows"]
        self._core = _core.array_data(
            rows["train"],
            rows.get("valid"),
            rows.get("test"),
            is_grey=state["is_grey"],
            shape=state["shape"],
            name="arrays",
        )


def _npy(values: NDArray[Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


def _path_text(path: PathLike | None) -> str:
    return "" if path is None else os.fspath(path)


def _units_of(rows: Any, binarize: float | str | None, field: str) -> Any:
    """Grey values as the units or bytes that the extension takes."""
    if rows is None or binarize is None:
        return as_array(rows)
    values = np.asarray(rows)
    if values.dtype == np.uint8 and values.size > 0 and values.max() > 1:
        values = values / 255
    if not np.all((values >= 0) & (values <= 1)):
        raise InvalidArgument(f"{field}: got a value out of range; allowed: 0 to 1, or bytes", field)
    if binarize == "sample":
        return np.floor(values * 255 + 0.5).astype(np.uint8, order="C")
    threshold = float(binarize)
    if not 0 < threshold <= 1:
        raise InvalidArgument(f"binarize: got {threshold}; allowed: 0 < T <= 1, or 'sample'", "binarize")
    return np.ascontiguousarray(values >= threshold)
