"""Release the version that the package states: check everything, build, try the wheel; tag only when told to go.

    python .ci/release.py        # changes nothing but dist/
    python .ci/release.py --go   # the same, then `git tag`

Pushing the tag and uploading dist/ is left to a person.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def version_of(root: Path) -> str:
    """Read the version that the package states."""
    text = (root / "benchmark" / "sparsebench" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if not found:
        raise SystemExit("benchmark/sparsebench/__init__.py states no __version__")
    return found[1]


def problems(root: Path, version: str, *, dirty: Sequence[str], tags: Sequence[str]) -> list[str]:
    """List what stands against a release. dirty: changed files. tags: those there are."""
    found = []
    headings = re.findall(r"^## (.+)$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if not any(re.fullmatch(rf"{re.escape(version)}, \d{{4}}-\d\d-\d\d", heading) for heading in headings):
        top = headings[0] if headings else "nothing"
        found.append(f"CHANGELOG.md needs a heading `## {version}, YYYY-MM-DD`; it begins with {top!r}")
    if f"version: {version}\n" not in (root / "CITATION.cff").read_text(encoding="utf-8"):
        found.append(f"CITATION.cff states another version than {version}")
    if f"v{version}" in tags:
        found.append(f"the tag v{version} is there already: raise __version__")
    if dirty:
        found.append(f"the tree has changes: {', '.join(dirty)}")
    return found


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, which must succeed; return what it prints."""
    return subprocess.run([str(word) for word in words], cwd=cwd, check=True, text=True, stdout=subprocess.PIPE).stdout


def build(version: str) -> Path:
    """Build sdist and wheel into dist/; return the wheel."""
    run(sys.executable, "-m", "hatchling", "build", "-d", "dist")
    return ROOT / "dist" / f"sparsebench-{version}-py3-none-any.whl"


def try_wheel(wheel: Path, version: str) -> None:
    """Install a wheel into a fresh environment beside what is installed here, and ask the command for its version."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", "--system-site-packages", folder)
        python, alone = Path(folder, "bin", "python"), Path(folder, "alone")
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", alone, wheel)
        ask = "import sparsebench; print(sparsebench.__file__, sparsebench.__version__)"
        where, said = run(python, "-c", f"import sys; sys.path.insert(0, {str(alone)!r}); {ask}", cwd=alone).split()
        if said != version or not Path(where).is_relative_to(Path(folder).resolve()):
            raise SystemExit(f"{wheel.name} gives version {said} from {where}")


def main(arguments: Sequence[str]) -> None:
    """Check, test, build, try; tag when told to go."""
    version, go = version_of(ROOT), "--go" in arguments
    dirty = run("git", "status", "--porcelain", "--untracked-files=no").split("\n")
    found = problems(ROOT, version, dirty=[line[3:] for line in dirty if line], tags=run("git", "tag").split())
    for line in found:
        print(f"not yet: {line}")
    if found and go:
        raise SystemExit(1)
    if go:
        run(ROOT / ".ci" / "run")
    wheel = build(version)
    try_wheel(wheel, version)
    print(f"built and tried: dist/{wheel.name}")
    if go:
        run("git", "tag", "--annotate", f"v{version}", "--message", f"sparsebench {version}")
        print(f"tagged v{version}; push it with `git push origin v{version}`, upload with `twine upload dist/*`")
    else:
        print(f"`make release GO=1` would run lint and tests, and tag v{version}")


if __name__ == "__main__":
    main(sys.argv[1:])
