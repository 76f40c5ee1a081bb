"""Checkpoints of the Hugging Face hub: from its cache, or downloaded; its errors said in full."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sparsebench.errors import ModelError


class Files(NamedTuple):
    """What of a repository is wanted beside its JSON and vocabulary files."""

    bin: bool = False
    code: bool = False
    weights: bool = True

    @property
    def patterns(self) -> list[str]:
        """Patterns for the hub."""
        choices = (("*.safetensors", self.weights), ("*.bin", self.bin), ("*.py", self.code))
        return ["*.json", "*.txt", "*.model", *(pattern for pattern, wanted in choices if wanted)]


_NOT_OURS = ["onnx/*", "openvino/*", "checkpoint-*"]


def cached(repository: str, revision: str, files: Files) -> Path:
    """The folder of a repository in the cache, without network; raises ModelError where it is not whole."""
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


def download(repository: str, revision: str, files: Files) -> None:
    """Download what is missing of a repository; raises ModelError."""
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    page = f"https://huggingface.co/{repository}"
    try:
        huggingface_hub.snapshot_download(
            repository, revision=revision, allow_patterns=files.patterns, ignore_patterns=_NOT_OURS
        )
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
    except OSError as error:  # offline, no disk space, a server that fails
        reason = str(error).splitlines()[0]
        raise ModelError(f"checkpoint {repository}@{revision[:12]} could not be downloaded: {reason}") from error
