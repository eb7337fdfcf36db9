#!/usr/bin/env python3
"""Holds the compiled kernels to their budgets: registers, spills, instructions and local memory of the loop over steps.

Usage: budgets.py NVCC SOURCE BUDGETS [nvcc's options]

Compiles SOURCE to a cubin for sm_90 (no device needed) and reads registers and spills from ptxas, instructions from the
machine code: 16 bytes each, the loop over steps being the longest backward branch.
"""
import re
import struct
import subprocess
import sys
import tempfile

BRANCH, LOAD_LOCAL, STORE_LOCAL = 0x147, 0x183, 0x187


def functions(cubin):
    """(name, machine code) of every kernel in an ELF file."""
    start, = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    for name, _, _, _, offset, length in headers:
        at = headers[names][4] + name
        text = cubin[at:cubin.index(b"\0", at)].decode()
        if text.startswith(".text."):
            yield text[len(".text."):], cubin[offset:offset + length]


def opcode(code, at):
    return struct.unpack_from("<H", code, at)[0] & 0x1FF


def branch_target(code, at):
    low, high = struct.unpack_from("<QQ", code, at)
    word = low | high << 64
    offset = word >> 34 & (1 << 47) - 1
    offset -= (offset >> 46) << 47
    return at + 16 + 4 * (offset << 8 | word >> 16 & 0xFF)


def loop_over_steps(code):
    """(instructions, those that touch local memory)"""
    loops = [(0, branch_target(code, at), at) for at in range(0, len(code), 16) if opcode(code, at) == BRANCH]
    loops = [(at - target, target, at) for _, target, at in loops if 0 <= target < at]
    if not loops:
        return 0, 0
    _, first, last = max(loops)
    local = sum(opcode(code, at) in (LOAD_LOCAL, STORE_LOCAL) for at in range(first, last + 16, 16))
    return (last - first) // 16 + 1, local


def compiled(nvcc, source, options):
    """{kernel: (registers, spilled bytes, instructions, local accesses)}"""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        command = [nvcc, *options, "-arch=sm_90", "-cubin", "-Xptxas", "-v", "-o", file.name, source]
        run = subprocess.run(command, check=False, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(run.stderr)
        log = run.stderr
        cubin = file.read()
    resources = {}
    for part in log.split("Compiling entry function '")[1:]:
        number = lambda pattern: int(re.search(pattern, part).group(1))
        resources[part[:part.index("'")]] = (number(r"Used (\d+) registers"), number(r"(\d+) bytes spill stores"))
    return {name: resources[name] + loop_over_steps(code) for name, code in functions(cubin)}


def budgets(path):
    """(pattern of the kernel's mangled name, most registers, spilled bytes, instructions a step, local accesses a step)"""
    with open(path, encoding="utf-8") as lines:
        fields = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [(pattern, *map(int, numbers)) for pattern, *numbers in fields]


def main():
    nvcc, source, path, *options = sys.argv[1:]
    kernels = compiled(nvcc, source, options)
    table = budgets(path)
    failed = False
    print(f"{'registers':>9} {'spill':>6} {'loop':>6} {'local':>6}  kernel")
    for name, (registers, spill, loop, local) in sorted(kernels.items()):
        limits = next((limits for pattern, *limits in table if re.search(pattern, name)), None)
        if limits is None:
            verdict = "NO BUDGET"
        elif any(found > most for found, most in zip((registers, spill, loop, local), limits)):
            verdict = "OVER BUDGET of registers {}, spill {}, loop {}, local {}".format(*limits)
        else:
            verdict = ""
        failed = failed or verdict != ""
        print(f"{registers:9} {spill:6} {loop:6} {local:6}  {name} {verdict}")
    unused = [pattern for pattern, *_ in table if not any(re.search(pattern, name) for name in kernels)]
    if unused:
        print("no kernel matches", *unused)
    sys.exit(1 if failed or unused else 0)


if __name__ == "__main__":
    main()
