"""The files of a checkpoint: which ones count, whether they may be read, and their digests. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sparsebench import ModelError
from sparsebench.checkpoints import AnyLocation, Files
from sparsebench.encoding import Activation, Pooling
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.splade.modules_json import read_json, read_modules

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


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is at hand and may be read.

    name: as the suite has it. folder: holds config.json. weights, tokenizer, code: the files that determine its
    numbers. trusted: whether code that it brings may run. pooling, activation: what the folder itself declares, None
    where it does not.
    """

    name: str
    folder: Path
    weights: tuple[Path, ...]
    tokenizer: tuple[Path, ...]
    code: tuple[Path, ...]
    trusted: bool
    pooling: Pooling | None
    activation: Activation | None

    @property
    def is_safetensors(self) -> bool:
        """Whether its weights can hold nothing but tensors."""
        return all(path.suffix == ".safetensors" for path in self.weights)

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every file that determines the vectors, by its path inside the folder."""
        files = [self.folder / "config.json", *self.weights, *self.tokenizer, *self.code]
        # A bare name would not do: shards of one name may lie in several folders.
        return {path.relative_to(self.folder).as_posix(): file_digest(path) for path in files}


def open_checkpoint(location: AnyLocation, *, allow_bin: bool, trust_remote_code: bool) -> Checkpoint:
    """Find a checkpoint and check that it is whole and may be read; raises ModelError."""
    declared = read_modules(location.folder(Files(bin=allow_bin, code=trust_remote_code)))
    folder = declared.transformer
    return Checkpoint(
        name=location.checkpoint,
        folder=folder,
        weights=_weights(folder, allow_bin),
        tokenizer=_tokenizer(folder),
        code=_code(folder, trusted=trust_remote_code),
        trusted=trust_remote_code,
        pooling=declared.pooling,
        activation=declared.activation,
    )


def _weights(folder: Path, allow_bin: bool) -> tuple[Path, ...]:
    safe = _sharded(folder, "model.safetensors")
    unsafe = _sharded(folder, "pytorch_model.bin")
    if safe or (unsafe and allow_bin):
        return safe or unsafe
    if unsafe:
        raise ModelError(
            f"{folder} holds its weights only as {unsafe[0].name}, a pickle, which can run code; "
            "`allow_bin: true` reads it with weights_only, which refuses all but tensors"
        )
    there = ", ".join(sorted(path.name for path in folder.iterdir()))
    raise ModelError(
        f"{folder} has no model.safetensors; there is: {there}. A repository that has only pytorch_model.bin "
        "needs `allow_bin: true`"
    )


def _sharded(folder: Path, name: str) -> tuple[Path, ...]:
    """The file, or the shards that its index names; empty where there is neither."""
    index = folder / f"{name}.index.json"
    if (folder / name).is_file() or not index.is_file():
        return tuple(path for path in [folder / name] if path.is_file())
    shards = tuple(folder / shard for shard in sorted(set(read_json(index)["weight_map"].values())))
    if outside := [shard for shard in shards if ".." in shard.parts or not shard.is_relative_to(folder)]:
        raise ModelError(f"{index} names files outside its folder: {', '.join(map(str, outside))}")
    lacking = [shard.relative_to(folder).as_posix() for shard in shards if not shard.is_file()]
    if lacking:
        raise ModelError(f"{index} names files that are not there: {', '.join(lacking)}")
    return shards


def _tokenizer(folder: Path) -> tuple[Path, ...]:
    files = tuple(folder / name for name in _TOKENIZER_FILES if (folder / name).is_file())
    if not _VOCABULARIES & {path.name for path in files}:
        raise ModelError(f"{folder} has no tokenizer; one of {', '.join(sorted(_VOCABULARIES))} is needed")
    return files


def _code(folder: Path, *, trusted: bool) -> tuple[Path, ...]:
    """The Python files that the checkpoint brings, where its model or its tokenizer needs them."""
    tokenizer = folder / "tokenizer_config.json"
    for path in (folder / "config.json", *([tokenizer] if tokenizer.is_file() else [])):
        classes = read_json(path).get("auto_map") or {}
        if classes and not trusted:
            raise ModelError(
                f"{path} wants to run its own code ({', '.join(sorted(classes))}); read it, then allow it with "
                "`trust_remote_code: true`"
            )
        elsewhere = [str(names) for names in classes.values() if "--" in str(names)]
        if elsewhere:
            raise ModelError(
                f"{path} takes code from another repository, which no revision pins: {', '.join(elsewhere)}. "
                "Put that code beside it and name it in auto_map"
            )
    return tuple(sorted(folder.glob("*.py"))) if trusted else ()
