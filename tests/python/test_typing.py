import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import helmholtz

ROOT = Path(__file__).parents[2]
PACKAGE = Path(helmholtz.__file__).parent


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """mypy(file), beside a copy of the package: where that is installed, it is not checked."""
    folder = tmp_path_factory.mktemp("typing")
    shutil.copytree(PACKAGE, folder / "helmholtz", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    command = [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", folder / "cache"]

    def check(file):
        return subprocess.run([*command, file], cwd=folder, capture_output=True, text=True, check=False)

    return check


def test_the_package_is_typed(mypy):
    assert (PACKAGE / "py.typed").exists()
    checked = mypy("helmholtz")
    assert checked.returncode == 0, checked.stdout


def test_users_see_the_types(mypy, tmp_path):
    script = tmp_path / "user.py"
    script.write_text(
        "import helmholtz as hm\n"
        "m = hm.Machines([1, 6, 9], 'kirby3x3', seeds=4)\n"
        "reveal_type(m.kl())\n"
        "m.train('many')\n"
    )
    checked = mypy(script)
    assert "float64" in checked.stdout
    assert 'Argument 1 to "train"' in checked.stdout
    assert checked.stdout.count("error:") == 1, checked.stdout
