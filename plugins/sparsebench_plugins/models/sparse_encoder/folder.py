"""A folder before it is loaded: what it must say, what it must not take from elsewhere, what is digested."""

from __future__ import annotations

from pathlib import Path

from sparsebench import ModelError
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.splade import read_object, repositories

_READ = (".json", ".safetensors", ".bin", ".py", ".txt", ".model", ".jinja")
_OWN = "SparseEncoder"


def check_folder(folder: Path, *, allow_bin: bool) -> None:
    """Refuse (ModelError) what sentence-transformers would read otherwise than its authors, or from what nothing pins.

    It puts a new, random head on a folder that does not say SparseEncoder, and takes a plain one for a symmetric
    SPLADE, pooled by the maximum.
    """
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"{folder} has no modules.json, so nothing says how sentence-transformers should pool it; the models "
            "`splade` and `splade_doc` read a plain folder"
        )
    usage = folder / "config_sentence_transformers.json"
    kind = read_object(usage).get("model_type") if usage.is_file() else None
    if kind != _OWN:
        raise ModelError(
            f"{usage}: model_type is {kind!r}, on which sentence-transformers puts a new, random head. Where its "
            f'authors load it as a SparseEncoder, write "model_type": "{_OWN}" into it'
        )
    if not allow_bin and not any(folder.rglob("*.safetensors")) and any(folder.rglob("*.bin")):
        raise ModelError(f"{folder} holds pickles alone, which can run code; `allow_bin: true` reads them")
    for config in (path.parent for path in folder.rglob("config.json")):
        if found := repositories(config):
            raise ModelError(f"{config} takes code from {found[0]}, which nothing pins; put it beside the weights")


def with_bases(folder: Path) -> list[Path]:
    """List a folder and those of base models that its adapters name; raises ModelError for one that nothing pins."""
    bases = []
    for path in sorted(folder.rglob("adapter_config.json")):
        base = read_object(path).get("base_model_name_or_path")
        if not base or not Path(base).is_dir():
            raise ModelError(
                f"{path} names its base model {base!r}, which no commit pins. Download that at a commit and write "
                "its folder into base_model_name_or_path"
            )
        bases.append(Path(base))
    return [folder, *bases]


def digests(folder: Path) -> dict[str, str]:
    """Compute the SHA-256 of every file that a loader may read, by its path inside the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _READ)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
