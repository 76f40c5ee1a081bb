"""The general door: any folder of sentence-transformers, encoded by its `SparseEncoder` itself.

`splade` is the checked, faster way; this one also reads LoRA, sparse autoencoders, causal bodies and code that a
checkpoint brings. Needs the extra `sparsebench[sparse-encoder]`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from sparsebench import Encoded, Json, LoadedEncoder, ModelError, Role, SparseEncoder, Vocabulary
from sparsebench.checkpoints import AnyLocation, Files, known_checkpoint
from sparsebench.encoding import csr
from sparsebench.provenance import file_digest
from sparsebench.training import locate
from sparsebench_plugins.models.splade import read_object, repositories

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Positive = Annotated[int, Ge(1)]
TEXTS_AT_ONCE = 16
_READ = (".json", ".safetensors", ".bin", ".py", ".txt", ".model", ".jinja")
_DOT, _COSINE = "dot", "cosine"


@dataclass(frozen=True, kw_only=True)
class SentenceTransformersEncoder(SparseEncoder):
    """Vectors of sentence-transformers' own SparseEncoder, prompts, lengths and pruning as the folder declares them.

    Example: `SentenceTransformersEncoder(checkpoint="folder").load("cpu").encode(["a text"], "query")`.
    """

    checkpoint: str
    """A hub id, a folder, or `package:IMPORTNAME/FOLDER`, as sentence-transformers saves them."""

    revision: str | None = None
    """The commit of a hub id, 40 hex digits; needed for a hub id, and for nothing else."""

    max_query_length: Positive | None = None
    """Tokens after which a query is cut, in place of what the folder declares."""

    max_document_length: Positive | None = None
    """Tokens after which a document is cut, in place of what the folder declares."""

    query_prune: Positive | None = None
    """Keep only the n largest entries of a query, in place of what the folder declares."""

    document_prune: Positive | None = None
    """Keep only the n largest entries of a document, in place of what the folder declares."""

    allow_bin: bool = False
    """Read weights that are pickles, with torch's weights_only."""

    trust_remote_code: bool = False
    """Run the code that a checkpoint brings."""

    dtype: Literal["float32", "bfloat16", "auto"] = "float32"
    """The precision of weights and activations; `auto` is the one that the checkpoint was saved in."""

    def __post_init__(self) -> None:
        _ = self._location  # says now what is wrong with how it is named

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return everything that determines the vectors of a role; needs neither torch nor sentence-transformers."""
        return {
            "files": [_digests(folder) for folder in (self._folder(), *self._bases())],
            "length": self._of("length", role),
            "prune": self._of("prune", role),
            "dtype": self.dtype,
            "texts_at_once": TEXTS_AT_ONCE,
        }

    def load(self, device: str) -> LoadedEncoder:
        """Load it; raises ModelError with what sentence-transformers says where it cannot."""
        try:
            from sentence_transformers import SparseEncoder as Theirs
        except ImportError:
            raise ModelError("sparse_encoder needs: pip install 'sparsebench[sparse-encoder]'") from None
        try:
            encoder = Theirs(
                str(self._folder()),
                device=device,
                local_files_only=True,
                trust_remote_code=self.trust_remote_code,
                model_kwargs={"dtype": self.dtype},
            )
        except Exception as error:  # of whatever a folder and the code that it brings lack
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"sentence-transformers does not load {self.checkpoint!r}: {first}") from error
        if encoder.similarity_fn_name not in (_DOT, _COSINE):
            raise ModelError(
                f"{self.checkpoint!r} is compared by {encoder.similarity_fn_name}, and ranked here by inner products; "
                "`score_matrix` takes scores that you computed"
            )
        return LoadedSentenceTransformers(encoder, self)

    def about(self) -> Mapping[str, Json]:
        """Return the data that the checkpoint was trained on, where they are known."""
        facts = known_checkpoint(self.checkpoint) if self._location.is_on_hub else None
        trained_on = None if facts is None else facts.trained_on
        return {} if trained_on is None else {"trained_on": list(trained_on)}

    def missing(self) -> Sequence[str]:
        """Say what is not at hand."""
        line = self._location.missing(self._files)
        return [] if line is None else [line]

    def fetch(self) -> None:
        """Download what is missing; raises SparsebenchError."""
        if self.missing():
            self._location.fetch(self._files)

    def options(self, role: Role) -> dict[str, Any]:
        """Arguments of `encode_query` and `encode_document` where the suite overrides the folder."""
        length, keep = self._of("length", role), self._of("prune", role)
        found: dict[str, Any] = {} if length is None else {"processing_kwargs": {"text": {"max_length": length}}}
        return found if keep is None else {**found, "max_active_dims": keep}

    @property
    def _files(self) -> Files:
        return Files(bin=self.allow_bin, code=self.trust_remote_code, everything=True)

    @property
    def _location(self) -> AnyLocation:
        return locate(self.checkpoint, self.revision)

    def _folder(self) -> Path:
        folder = self._location.folder(self._files)
        if not self.allow_bin and not any(folder.rglob("*.safetensors")) and any(folder.rglob("*.bin")):
            raise ModelError(f"{folder} holds pickles alone, which can run code; `allow_bin: true` reads them")
        for config in (path.parent for path in folder.rglob("config.json")):
            if found := repositories(config):
                raise ModelError(f"{config} takes code from {found[0]}, which nothing pins; put it beside the weights")
        return folder

    def _bases(self) -> list[Path]:
        """Folders of base models that adapters name; raises ModelError for one that nothing pins."""
        bases = []
        for path in sorted(self._folder().rglob("adapter_config.json")):
            base = read_object(path).get("base_model_name_or_path")
            if not base or not Path(base).is_dir():
                raise ModelError(
                    f"{path} names its base model {base!r}, which no commit pins. Download that at a commit and write "
                    "its folder into base_model_name_or_path"
                )
            bases.append(Path(base))
        return bases

    def _of(self, name: str, role: Role) -> int | None:
        found: int | None = getattr(self, f"max_{role}_length" if name == "length" else f"{role}_prune")
        return found


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that a loader may read, by its path inside the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _READ)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _last_modules(encoder: Any) -> list[Any]:
    """The module that gives the vectors, of every route where the last one is a router."""
    last = list(encoder.children())[-1]
    routes = getattr(last, "sub_modules", None)
    return [last] if routes is None else [list(route.children())[-1] for route in routes.values()]


def _has_surface_forms(module: Any) -> bool:
    """Return whether dimensions are entries of the tokenizer; of code that derives from neither class nobody knows."""
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    return isinstance(module, (SpladePooling, SparseStaticEmbedding))


class Dimensions(Vocabulary):
    """The dimensions of a SparseEncoder: entries of its tokenizer, or latent ones, which have no surface form."""

    def __init__(self, encoder: Any, size: int) -> None:
        tokenizer = encoder.tokenizer
        self.size = size
        self.is_latent = tokenizer is None or not all(map(_has_surface_forms, _last_modules(encoder)))
        self._tokenizer = tokenizer
        entries = {} if self.is_latent else tokenizer.get_vocab()
        self._entries = {term_id: token for token, term_id in entries.items()}
        self.special_ids = frozenset(() if self.is_latent else tokenizer.all_special_ids)

    def token(self, term_id: int) -> str:
        """The entry of the tokenizer, or the number of a latent dimension."""
        return f"latent {term_id}" if self.is_latent else self._entries.get(term_id, f"[no token {term_id}]")

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text; none where dimensions are latent."""
        if self.is_latent:
            return [[] for _ in texts]
        found: list[list[int]] = self._tokenizer(list(texts), add_special_tokens=False, truncation=True)["input_ids"]
        return found


class LoadedSentenceTransformers(LoadedEncoder):
    """A SparseEncoder in memory. One text is encoded at a time by one thread, in batches of texts as they come."""

    def __init__(self, encoder: Any, model: SentenceTransformersEncoder) -> None:
        self._encoder = encoder
        self._model = model
        self._lock = threading.Lock()
        self.vocabulary = Dimensions(encoder, int(self._rows(["a"], "document").shape[1]))

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Encode texts in one role; where the folder is compared by cosine, vectors have length 1."""
        from scipy.sparse import csr_array, vstack

        starts = range(0, len(texts), TEXTS_AT_ONCE)
        blocks = [self._rows(texts[start : start + TEXTS_AT_ONCE], role) for start in starts]
        vectors = csr_array(vstack(blocks, format="csr")) if blocks else csr_array((0, self.vocabulary.size))
        return Encoded(vectors, self._cut(texts, role) if len(texts) else 0)

    def _cut(self, texts: Sequence[str], role: Role) -> int:
        """Return how many texts are longer than the first module takes; prompts left out."""
        module = next(self._encoder.children())
        if hasattr(module, "sub_modules"):
            module = module.sub_modules[module._resolve_route(task=role, modality="text")][0]
        tokenizer = getattr(module, "tokenizer", None)
        if tokenizer is None:
            return 0
        asked = self._model.options(role).get("processing_kwargs", {}).get("text", {}).get("max_length")
        limit = asked or getattr(module, f"{role}_length", None) or tokenizer.model_max_length
        with self._lock:
            return sum(len(ids) > limit for ids in tokenizer(list(texts), truncation=False)["input_ids"])

    def provenance(self) -> Mapping[str, Json]:
        """Name what encodes."""
        from importlib.metadata import version

        modules = [type(module).__name__ for module in self._encoder.children()]
        return {"sentence_transformers": version("sentence-transformers"), "modules": modules}

    def _rows(self, texts: Sequence[str], role: Role) -> csr_array:
        encode = self._encoder.encode_query if role == "query" else self._encoder.encode_document
        with self._lock:
            dense = encode(
                list(texts),
                batch_size=TEXTS_AT_ONCE,
                convert_to_sparse_tensor=False,
                save_to_cpu=True,
                show_progress_bar=False,
                **self._model.options(role),
            )
        rows = dense.float().numpy()
        if not np.isfinite(rows).all() or (rows < 0).any():
            raise ModelError(f"{self._model.checkpoint!r}: a weight is negative or not finite; vectors are positive")
        if self._encoder.similarity_fn_name == _COSINE:
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        places, columns = rows.nonzero()
        return csr(rows[places, columns], columns, np.bincount(places, minlength=len(rows)), rows.shape[1])
