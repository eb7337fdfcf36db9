"""What the package raises, beside Python's own exceptions.

A file that is not there is a `FileNotFoundError`; one that cannot be read or written, an `OSError`.
"""

from __future__ import annotations

__all__ = ["BadData", "DeviceFailure", "InvalidArgument", "NoDevice", "OutOfDeviceMemory"]


class InvalidArgument(ValueError):
    """An argument outside its allowed range.

    Attributes
    ----------
    field : str
        The name of the argument, e.g. ``"layers"``.

    Examples
    --------
    >>> import helmholtz as hm
    >>> try:
    ...     hm.Machines([1, 6, 9], "kirby3x3", seeds=2, lr=-1)
    ... except hm.InvalidArgument as error:
    ...     print(error.field, "|", error)
    lr | lr: got "-1"; allowed: a finite rate, 0 or more, that a float can hold
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type[InvalidArgument], tuple[str, str]]:
        return type(self), (str(self), self.field)


class BadData(ValueError):
    """A file that is there but does not hold what it should."""


class NoDevice(RuntimeError):
    """A backend that cannot run here: no plugin, no device, or none that fits."""


class DeviceFailure(RuntimeError):
    """A device or its driver that failed at work."""


class OutOfDeviceMemory(DeviceFailure):
    """A device that has not enough free memory."""
