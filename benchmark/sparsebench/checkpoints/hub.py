"""Checkpoints of the Hugging Face hub: from its cache, or downloaded; its errors said in full.

A hub that says nothing is given up after `ANSWER_SECONDS`, one that falls silent during a download after
`SILENT_SECONDS`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sparsebench.checkpoints import transfer
from sparsebench.errors import ModelError

ANSWER_SECONDS = 20
"""How long the hub may take to say what a repository holds."""
SILENT_SECONDS = 120
"""How long a download may not grow."""
_LOOK_SECONDS = 0.2


class Files(NamedTuple):
    """Kinds of files to fetch from a repository, beside its JSON and vocabulary files.

    Example:
        >>> Files(bin=True).patterns
        ['*.json', '*.txt', '*.model', '*.safetensors', '*.bin']
    """

    bin: bool = False
    code: bool = False
    weights: bool = True
    everything: bool = False
    """Whatever may be of use to sentence-transformers, instead of the files that are read here."""

    @property
    def patterns(self) -> list[str]:
        """Patterns for the hub."""
        choices = (("*.safetensors", self.weights), ("*.bin", self.bin), ("*.py", self.code))
        names = ["*.json", "*.txt", "*.model", *(pattern for pattern, wanted in choices if wanted)]
        return [*names, "*.jinja"] if self.everything else names


_NOT_OURS = ["onnx/*", "openvino/*", "checkpoint-*"]


def cached(repository: str, revision: str, files: Files) -> Path:
    """Find the folder of a repository in the cache, without network; raises ModelError where there is none."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = huggingface_hub.snapshot_download(
            repository,
            revision=revision,
            allow_patterns=files.patterns,
            ignore_patterns=_NOT_OURS,
            local_files_only=True,
        )
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"checkpoint {repository}@{revision[:12]} is not in the cache of the Hugging Face hub; "
            "`sparsebench fetch` downloads it"
        ) from error
    return Path(folder)


def download(repository: str, revision: str, files: Files, *, below: str = "", again: bool = False) -> None:
    """Download what is missing of a repository; raises ModelError.

    below: the folder of it that is meant. again: also what the cache has, because it is damaged.
    """
    _refuse_pickles(repository, listing(repository, revision), files, below)
    request = {
        "repo_id": repository,
        "revision": revision,
        "allow_patterns": files.patterns,
        "ignore_patterns": _NOT_OURS,
        "force_download": again,
    }
    _transfer(f"{repository}@{revision[:12]}", repository, request)


def listing(repository: str, revision: str) -> tuple[str, ...]:
    """Ask the hub which files a repository holds; raises ModelError with what to do where it does not say."""
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    page = f"https://huggingface.co/{repository}"
    try:
        info = huggingface_hub.HfApi().model_info(repository, revision=revision, timeout=ANSWER_SECONDS)
    except GatedRepoError as error:
        raise ModelError(
            f"checkpoint {repository} is gated: accept its licence at {page}, then `hf auth login` or set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(f"checkpoint {repository} has no commit {revision}; see {page}/commits") from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"checkpoint {repository!r}: no such folder here and no such repository at {page}; if it is private, "
            "`hf auth login` or set HF_TOKEN"
        ) from error
    except Exception as error:  # of a network and of what answers in its place
        raise ModelError(f"checkpoint {repository}@{revision[:12]} could not be downloaded: {_said(error)}") from error
    return tuple(sibling.rfilename for sibling in info.siblings or ())


def _said(error: Exception) -> str:
    import huggingface_hub

    endpoint = huggingface_hub.constants.ENDPOINT
    if isinstance(error, json.JSONDecodeError):
        return f"{endpoint} answered with something else than JSON. A network that wants a log-in first does that"
    if "timeout" in type(error).__name__.lower():
        return f"{endpoint} did not answer within {ANSWER_SECONDS} s"
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _refuse_pickles(repository: str, names: Sequence[str], files: Files, below: str) -> None:
    """Refuse (ModelError) before the download what could not be read after it."""
    inside = [name for name in names if name.startswith(f"{below}/" if below else "")]
    pickles = [name for name in inside if name.endswith("pytorch_model.bin")]
    if files.weights and not files.bin and pickles and not any(name.endswith(".safetensors") for name in inside):
        raise ModelError(
            f"checkpoint {repository} holds its weights only as {pickles[0]}, a pickle, which can run code; "
            "`allow_bin: true` reads it with weights_only, which refuses all but tensors. A commit of the hub's own "
            "conversion (SFconvertbot, under the repository's pull requests) may have safetensors"
        )


def _transfer(name: str, repository: str, request: dict[str, object]) -> None:
    """Run `transfer` and end it where nothing comes any more; raises ModelError."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    watched = (place, Path(constants.HF_HOME) / "xet")
    command = [sys.executable, "-P", transfer.__file__, json.dumps({**request, "cache_dir": constants.HF_HUB_CACHE})]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            said = _watch(child, watched)
        finally:
            child.kill()
    if child.returncode:
        reason = said or f"nothing came for {SILENT_SECONDS} s, and the hub was given up"
        raise ModelError(f"checkpoint {name} could not be downloaded: {reason}. What came is kept; try again")


def _watch(child: subprocess.Popen[str], places: Sequence[Path]) -> str:
    """Wait for the child while its places grow, and return its last words; it is killed where they do not."""
    size, since = -1, time.monotonic()
    while True:
        try:
            said, _ = child.communicate(timeout=_LOOK_SECONDS)
            return next(iter(reversed(said.strip().splitlines())), "")
        except subprocess.TimeoutExpired:
            grown = sum(_bytes(place) for place in places)
            if grown != size:
                size, since = grown, time.monotonic()
            if time.monotonic() - since > SILENT_SECONDS:
                child.kill()
                child.communicate()
                return ""


def _bytes(place: Path) -> int:
    """Bytes of all files below; those that vanish while looking count for nothing."""
    total = 0
    for path in place.rglob("*"):
        try:
            total += 0 if path.is_symlink() else path.stat().st_size
        except OSError:
            continue
    return total
