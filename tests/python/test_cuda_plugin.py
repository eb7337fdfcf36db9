"""The wheel of the CUDA plugin, where it is installed: the libraries that it opens are those of NVIDIA's wheels."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

import helmholtz as hm

PLUGIN = Path(hm.__file__).with_name("libhelmholtz_cuda.so")

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="the plugin's wheel is not installed")

Text = ctypes.create_string_buffer


class Table(ctypes.Structure):
    """The beginning of helmholtz_plugin in kernels/plugin/plugin_abi.h."""

    _fields_ = [
        ("numbers", ctypes.c_uint32 * 10),
        ("count", ctypes.c_void_p),
        ("describe", ctypes.c_void_p),
        ("cublas", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_char_p)),
        ("nvrtc", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p)),
    ]


def test_its_libraries_are_those_of_the_wheels():
    plugin = ctypes.CDLL(str(PLUGIN))
    plugin.helmholtz_cuda_plugin.restype = ctypes.POINTER(Table)
    table = plugin.helmholtz_cuda_plugin().contents
    number, version, error = ctypes.c_int32(), Text(4096), Text(4096)
    assert table.cublas(number, error) == 0, error.value
    assert number.value // 1000 == 13
    assert table.nvrtc(version, error) == 0
    assert version.value.startswith(b"13.")
    mapped = {Path(line.split()[-1]) for line in Path("/proc/self/maps").read_text().splitlines()}
    opened = [file for file in mapped if file.name.startswith(("libcublasLt", "libnvrtc"))]
    assert len(opened) == 3  # libnvrtc has a library of its own
    assert {file.parent for file in opened} == {PLUGIN.parent.parent / "nvidia/cu13/lib"}


def test_the_package_and_the_program_open_it():
    """Without a GPU both say so with the driver's reason, not that there is no plugin."""
    details = {backend.name: backend.detail for backend in hm.backends()}
    program = Path(sys.executable).with_name("helmholtz")
    printed = subprocess.run([program, "backends"], capture_output=True, text=True, check=True).stdout
    for backend in hm.backends():
        if backend.name.startswith("cuda") and not backend.available:
            assert backend.detail.startswith("no device: ")
    assert "is not there" not in printed
    assert details["cuda-fused"] in printed
