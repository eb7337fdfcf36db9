import os
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[2] / "python"


@pytest.mark.parametrize("example", sorted((PYTHON / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_prints_what_the_readme_says(example, tmp_path):
    environment = dict(os.environ, MPLBACKEND="Agg")
    printed = subprocess.check_output([sys.executable, example], cwd=tmp_path, env=environment, text=True)
    assert f"```\n{printed}```\n" in (PYTHON / "README.md").read_text()
    assert (tmp_path / f"{example.stem}.png").stat().st_size > 0
