"""Fresh virtual environments that borrow what is installed here, torch and all, instead of downloading it."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPARSEBENCH = "import sys\nfrom _sparsebench_command import main\nsys.exit(main())\n"


@dataclass(frozen=True)
class FreshVenv:
    """A virtual environment without a package of its own. folder: where it lies."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> FreshVenv:
        """Make it; `python`, `pip` (as a module) and `sparsebench` work in it."""
        venv.create(folder, symlinks=True)
        fresh = cls(folder)
        site = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
        # The folder's own .pth files count too, so an editable install is found like any other.
        borrowed = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        Path(site, "borrowed.pth").write_text(borrowed)
        command = folder / "bin" / "sparsebench"
        command.write_text(f"#!{fresh.python}\n{SPARSEBENCH}")
        command.chmod(0o755)
        return fresh

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of an activated one, in which pip builds and installs without the network."""
        own = {
            "VIRTUAL_ENV": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the wrong way round: this means "no isolation"
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "OMP_NUM_THREADS": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARSEBENCH_")}
        return {**inherited, **own}

    def run(self, *words: str, cwd: Path) -> str:
        """The output of a command; an AssertionError that shows it where the exit code is not 0."""
        together: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run(words, check=False, cwd=cwd, env=self.environment, **together)
        assert done.returncode == 0, f"{' '.join(words)} gave exit code {done.returncode}\n{done.stdout}"
        return done.stdout
