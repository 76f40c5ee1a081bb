"""The files of a checkpoint: which ones count, whether they may be read, and their digests. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sparsebench import ModelError, Role
from sparsebench.checkpoints import AnyLocation, Files, Known, known_checkpoint
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.splade.code import Trust, code_files
from sparsebench_plugins.models.splade.declared import (
    DOOR,
    HELD,
    Declared,
    LackingFileError,
    hold_refused,
    read_declared,
    read_object,
    refuse_adapter,
)
from sparsebench_plugins.models.splade.weights import check_layers, weight_files

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)
_VOCABULARIES = frozenset(_TOKENIZER_FILES) - {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}
_PROCESSORS = ("processor_config.json", "preprocessor_config.json")


@dataclass(frozen=True)
class Checkpoint:
    """The files that texts of one role pass through, at hand and readable."""

    name: str
    """As the suite has it."""
    declared: Declared
    """What the folder says of this role."""
    files: Mapping[str, Path]
    """Everything that determines the vectors, by its path inside the checkpoint."""
    trust: Trust
    known: Known | None = None
    """What is known of it where its files do not say it."""

    @property
    def folder(self) -> Path:
        """The folder of the tokenizer, and of the transformer where there is one."""
        found = self.declared.transformer or self.declared.static
        assert found is not None, "a role has a transformer or weights of tokens"
        return found

    @property
    def is_safetensors(self) -> bool:
        """True if its weights can hold nothing but tensors."""
        return all(path.suffix != ".bin" for path in self.files.values())

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every file that determines the vectors, by its path inside the checkpoint."""
        return {name: file_digest(path) for name, path in self.files.items()}


def open_checkpoint(location: AnyLocation, role: Role, *, allow_bin: bool, trust: Trust) -> Checkpoint:
    """Find the files of one role and check that they are whole and may be read; raises ModelError."""
    given = location.folder(Files(bin=allow_bin, code=trust.remote_code))
    declared = read_declared(given, role)
    paths: list[Path] = []
    folders: list[Path] = []
    if (transformer := declared.transformer) is not None:
        paths += _transformer(transformer, allow_bin=allow_bin)
        folders.append(transformer)
    if (static := declared.static) is not None:
        paths += [*weight_files(static, allow_bin=allow_bin), *_tokenizer(static)]
        folders.append(static)
    code = {name: path for folder in folders for name, path in code_files(folder, trust).items()}
    root = declared.root or declared.given
    inside = {path.relative_to(root).as_posix(): path for path in paths}
    known = known_checkpoint(location.checkpoint) if location.is_on_hub else None
    return Checkpoint(location.checkpoint, declared, {**inside, **code}, trust, known)


def _transformer(folder: Path, *, allow_bin: bool) -> list[Path]:
    refuse_adapter(folder)
    config_path = folder / "config.json"
    config = read_object(config_path)
    hold_refused(config_path, config, HELD["config.json"])
    if found := [name for name in _PROCESSORS if (folder / name).is_file()]:
        raise ModelError(f"{folder} has {found[0]}: it reads more than texts; {DOOR}")
    weights = weight_files(folder, allow_bin=allow_bin)
    check_layers(config_path, config, weights)
    return [config_path, *weights, *_tokenizer(folder)]


def _tokenizer(folder: Path) -> list[Path]:
    files = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]
    if not _VOCABULARIES & {path.name for path in files}:
        raise LackingFileError(f"{folder} has no tokenizer; one of {', '.join(sorted(_VOCABULARIES))} is needed")
    return files
