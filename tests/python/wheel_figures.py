"""What an installed wheel weighs, how long its import takes and what it loads: printed, and held to limits.

Usage: wheel_figures.py WHEEL, in an environment where it is installed, with auditwheel
"""

import importlib.resources
import json
import re
import subprocess
import sys
from pathlib import Path

LARGEST = 12e6  # bytes
SLOWEST = 0.1  # seconds of the processor, which other programs do not lengthen, beyond NumPy's own import

IMPORT = "import time, numpy; start = time.process_time(); import helmholtz; print(time.process_time() - start)"

# What the package loads beyond Python and NumPy: first comes every other module that its import brings along.
LOAD = """
import contextlib, importlib, json, subprocess, sys, tempfile
imported = "import json, sys, helmholtz; print(json.dumps([m for m in sys.modules if not m.startswith('helmholtz')]))"
for name in json.loads(subprocess.check_output([sys.executable, "-c", imported])):
    with contextlib.suppress(ImportError):  # of names that are no files, e.g. __main__
        importlib.import_module(name)
def mapped():
    with open("/proc/self/maps") as maps:
        return {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}
before = mapped()
import helmholtz
machines = helmholtz.Machines([1, 6, 9], "kirby3x3")
machines.train(100)
with tempfile.NamedTemporaryFile() as file:
    machines[0].save(file.name)
print(json.dumps(sorted(mapped() - before)))
"""


def printed(code):
    return json.loads(subprocess.check_output([sys.executable, "-c", code]))


def allowed_libraries(platform):
    policies = importlib.resources.files("auditwheel.policy") / "manylinux-policy.json"
    return next(set(one["lib_whitelist"]) for one in json.loads(policies.read_text()) if one["name"] == platform)


wheel = Path(sys.argv[1])
platform = re.search(r"manylinux_\d+_\d+", wheel.name)[0]
size = wheel.stat().st_size
seconds = min(printed(IMPORT) for _ in range(5))
loaded = [Path(file) for file in printed(LOAD)]
own = [file for file in loaded if file.is_relative_to(sys.prefix)]
foreign = sorted({file.name for file in loaded if file not in own} - allowed_libraries(platform))
print(f"{wheel.name}: {size / 1e6:.1f} MB; import {seconds:.3f} s of the processor beyond NumPy's; ", end="")
print(f"{len(own)} libraries of its own, {len(loaded) - len(own)} of the system, {len(foreign)} of them outside {platform}")
assert any(file.name.startswith("_core") for file in own), own
assert not foreign, foreign
assert size <= LARGEST, size
assert seconds < SLOWEST, seconds
