"""What bench/run and bench/compare share: the build, the cores, the machine's description, figures as text."""

import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(*targets):
    """Builds them. @return the build folder"""
    preset = ["cmake", "--preset", "cpu"]
    for command in (preset, ["cmake", "--build", "--preset", "cpu", "--target", *targets]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    return ROOT / "build/cpu"


def physical_cores():
    """One logical CPU of each physical core that this process may use."""
    cores = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.setdefault(siblings.read_text() if siblings.exists() else cpu, cpu)
    return list(cores.values())


def describe_machine():
    lscpu = dict(re.findall(r"^([^:\n]+):\s*(.*)$", subprocess.run(["lscpu"], capture_output=True, text=True).stdout,
                            re.MULTILINE))
    extensions = [f for f in ("avx2", "avx512f", "avx512bw", "asimd", "sve") if f in lscpu.get("Flags", "").split()]
    return {"cpu": lscpu.get("Model name", platform.machine()), "logical_cpus": os.cpu_count(),
            "physical_cores_used_at_most": len(physical_cores()), "extensions": extensions,
            "l2": lscpu.get("L2 cache", ""), "l3": lscpu.get("L3 cache", ""), "kernel": platform.release(),
            "load_average_at_start": os.getloadavg()[0]}


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values), "rounds": len(values)}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
