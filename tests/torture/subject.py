"""What the campaign breaks: a small suite, its commands in processes of their own, and what must come out of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from torture.toy_plugin import WORDS

PLUGIN = "toy.py"
TIMEOUT = 300.0
"""Seconds until a command counts as one that hangs; the machine may be busy."""

SUITE = """\
name: torture
measures: [nDCG@10, RR@10]
depth: 10
collections:
  - {name: words, beir: web, split: test, domain: in, bank: {split: train}, dev: {split: train}}
models: [bm25, words]
postprocessors: [none, {name: dsl, tune: {tau: [0.5, 1.0], on: dev, measure: nDCG@10}}]
analyzers: [sparsity, hubness]
"""


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code (minus the signal that ended it), what it printed, whether it hung."""

    code: int
    text: str
    hung: bool = False

    @property
    def traceback(self) -> bool:
        """Whether it showed one of its own."""
        return "Traceback (most recent call last)" in self.text


@dataclass
class Running:
    """A command in a process group of its own."""

    pid: int
    output: Path
    begun: float = field(default_factory=time.monotonic)

    def kill(self) -> None:
        """As the kernel does where memory ends: all of the group, at once."""
        with suppress(ProcessLookupError):  # it was faster
            os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = TIMEOUT) -> Finished:
        """Wait for its end; what is not over then is killed and counts as hung."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return Finished(os.waitstatus_to_exitcode(status), self._text())
            if time.monotonic() - self.begun > timeout:
                self.kill()
                os.waitpid(self.pid, 0)
                return Finished(-signal.SIGKILL, self._text(), hung=True)
            time.sleep(0.005)

    def _text(self) -> str:
        text = self.output.read_bytes().decode(errors="replace")
        self.output.unlink(missing_ok=True)
        return text


@dataclass(frozen=True)
class Subject:
    """A folder with the suite, its collection and the plugin; store, runs and leaderboards lie beside them.

    base: where it lies. Every injection has a fresh copy. expected: what a run that nothing disturbed left, by file.
    """

    base: Path
    expected: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """The store."""
        return self.base / "store"

    @property
    def runs(self) -> Path:
        """The runs of the suite."""
        return self.base / "runs"

    @property
    def leaderboards(self) -> Path:
        """What is published."""
        return self.base / "leaderboards"

    def start(self, *words: str, real: bool = False, environ: Mapping[str, str] | None = None) -> Running:
        """Begin a command; real: as users do, with its children; else in a copy of this process, without them."""
        output = self.base / f".out-{time.monotonic_ns()}"
        pid = os.fork()
        if pid == 0:
            _become(output, self.base, list(words), real, environ or {})
        return Running(pid, output)

    def command(self, *words: str, real: bool = False, environ: Mapping[str, str] | None = None) -> Finished:
        """Do a command to its end."""
        return self.start(*words, real=real, environ=environ).wait()

    def run(self, *more: str, real: bool = False, environ: Mapping[str, str] | None = None) -> Finished:
        """`sparsebench run` on the suite."""
        return self.command(*self.run_words(real, *more), real=real, environ=environ)

    def run_words(self, real: bool, *more: str, runs: str = "runs", suite: str = "suite.yaml") -> tuple[str, ...]:
        """The words of that command."""
        alone = () if real else ("--in-process",)
        return ("run", suite, "--store", "store", "--runs", runs, "-p", PLUGIN, "--device", "cpu", *alone, *more)

    def results(self, *folders: str) -> dict[str, str]:
        """File -> digest of what matters in it; costs, and what is hidden, aside."""
        found = {}
        for folder in folders or ("runs", "leaderboards"):
            for path in sorted((self.base / folder).rglob("*")):
                name = path.relative_to(self.base).as_posix()
                if path.is_file() and not path.name.startswith(".") and path.name != "costs.json":
                    found[name] = hashlib.sha256(_without_costs(path).encode()).hexdigest()
        return found

    def same(self, *folders: str) -> bool:
        """Whether that is what an undisturbed run left."""
        folders = folders or ("runs", "leaderboards")
        wanted = {name: digest for name, digest in self.expected.items() if name.split("/")[0] in folders}
        return self.results(*folders) == wanted


def make_subject(base: Path) -> Subject:
    """Write the suite, do it once undisturbed, and remember what came out."""
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    (base / "suite.yaml").write_text(SUITE)
    shutil.copy(Path(__file__).with_name("toy_plugin.py"), base / PLUGIN)
    _write_collection(base / "web")
    subject = Subject(base)
    for finished in (subject.run(), subject.command("publish", "torture")):
        if finished.code:
            raise RuntimeError(f"the undisturbed command ended with {finished.code}: {finished.text}")
    return Subject(base, subject.results())


def fresh(original: Subject, base: Path, *, store: bool = True, results: bool = True) -> Subject:
    """A copy to break; store, results: whether it has what was computed."""
    shutil.rmtree(base, ignore_errors=True)
    left_out = [*([] if store else ["store"]), *([] if results else ["runs", "leaderboards"]), ".out-*"]
    shutil.copytree(original.base, base, ignore=shutil.ignore_patterns(*left_out))
    return Subject(base, original.expected)


def _become(output: Path, folder: Path, words: list[str], real: bool, environ: Mapping[str, str]) -> None:
    """In the child: never returns."""
    try:
        os.setpgid(0, 0)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(folder)
        os.environ.update(environ)
        if real:
            os.execv(sys.executable, [sys.executable, "-m", "sparsebench", *words])
        sys.argv[:] = ["sparsebench", *words]
        from sparsebench.cli import main

        main()
    except SystemExit as done:
        _leave(done.code if isinstance(done.code, int) else 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        _leave(70)
    _leave(0)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _write_collection(folder: Path) -> None:
    (folder / "qrels").mkdir(parents=True)
    documents = {f"d{n}": " ".join(WORDS[(n * k + k) % len(WORDS)] for k in range(1, 2 + n % 7)) for n in range(60)}
    queries = {f"q{n}": f"{WORDS[n % len(WORDS)]} {WORDS[(n * 2 + 1) % len(WORDS)]}" for n in range(24)}
    for name, texts in (("corpus", documents), ("queries", queries)):
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    for split, numbers in (("test", range(12)), ("train", range(12, 24))):
        rows = [("query-id", "corpus-id", "score")]
        for number in numbers:
            rows += [(f"q{number}", key, "1") for key, text in documents.items() if WORDS[number % 15] in text.split()]
        (folder / "qrels" / f"{split}.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))


def _without_costs(path: Path) -> str:
    """The text of a file without seconds and memory, which no two runs share."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    if path.name == "record.json":
        content = json.loads(text)
        return json.dumps({key: value for key, value in content.items() if key not in ("costs", "checksum")})
    if path.parent.parent.name.startswith("runs") and path.suffix in (".md", ".html"):
        return "a page of the runs, which holds costs"  # `report` makes it of the records
    return text
