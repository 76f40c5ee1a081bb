"""The keys of a checkpoint's configuration files: which are honoured, which change nothing, which are refused.

sentence-transformers adds keys with its releases, and a key that is passed over gives a plausible wrong table. So a key
that is not on this list is refused. `config.json` and `tokenizer_config.json` of transformers grow too fast for that:
of these the keys that change numbers are listed and held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sparsebench import Json, ModelError
from sparsebench_plugins.models.splade.declared.json_files import read_object

Treatment = Literal["honoured", "changes nothing", "refused"]

DOOR = "the model `sparse_encoder` hands such a folder to sentence-transformers itself"
"""The way on where sentence-transformers can read what is not read here."""


@dataclass(frozen=True)
class Key:
    """Treatment of a key."""

    treatment: Treatment
    words: str
    """What it is used for; why it changes nothing; or what to do instead."""
    neutral: tuple[Json, ...] = ()
    """Values of a refused key that ask for nothing."""


def honoured(words: str) -> Key:
    """A key whose value takes effect."""
    return Key("honoured", words)


def nothing(words: str) -> Key:
    """A key that does not touch the vectors."""
    return Key("changes nothing", words)


def refused(words: str, *neutral: Json) -> Key:
    """A key that would change the vectors and is not supported, unless its value is neutral."""
    return Key("refused", words, neutral)


_LOADING = refused(f"arguments for transformers' loaders; {DOOR}", None, {})

MODULES: Mapping[str, Key] = {
    "idx": nothing("modules apply in the order of the list"),
    "name": nothing("a name for messages; no name, and two modules of one name, are refused"),
    "path": honoured("the module's folder, which must lie inside"),
    "type": honoured("Transformer, MLMTransformer, SpladePooling, SparseStaticEmbedding, Router; others are refused"),
    "kwargs": refused(f"arguments of `encode` that reach the module; {DOOR}", None, []),
}
ENCODER: Mapping[str, Key] = {
    "__version__": nothing("which versions saved the folder"),
    "model_type": honoured("must be SparseEncoder: of anything else sentence-transformers makes another model"),
    "prompts": honoured(
        "`query` goes before queries and `document` before documents; `query_prompt` and "
        "`document_prompt` of a suite override them"
    ),
    "default_prompt_name": honoured("must agree with the prompts of both roles, or the suite must give both"),
    "similarity_fn_name": honoured(f"must be dot or null; for cosine {DOOR}"),
    "max_active_dims": honoured(
        "the largest entries that are kept, of queries and of documents; `query_prune` and "
        "`document_prune` of a suite override it"
    ),
    "requirements": honoured("versions of packages that must be installed"),
}
TRANSFORMER: Mapping[str, Key] = {
    "transformer_task": honoured("must be fill-mask: other tasks give no logits over a vocabulary"),
    "modality_config": honoured(f"must be the logits of forward, for text alone; else {DOOR}"),
    "module_output_name": honoured("must be token_embeddings, which is what the pooling reads"),
    "processing_kwargs": honoured(f"text.max_length is the length of both roles; for other entries {DOOR}"),
    "unpad_inputs": nothing("padding never reaches a vector here"),
    "query_length": honoured("the length of queries"),
    "document_length": honoured("the length of documents"),
    "query_expansion": refused(f"tokens appended to queries; {DOOR}", None),
    "max_seq_length": honoured("the length of both roles, in place of the tokenizer's own"),
    "do_lower_case": honoured("texts are lower-cased first"),
    "tokenizer_name_or_path": refused("a tokenizer from elsewhere; save it into the folder", None),
    "model_args": _LOADING,
    "model_kwargs": _LOADING,
    "tokenizer_args": _LOADING,
    "processor_kwargs": _LOADING,
    "config_args": _LOADING,
    "config_kwargs": _LOADING,
}
POOLING: Mapping[str, Key] = {
    "pooling_strategy": honoured(
        "max or sum; `mean` comes with code of a repository, which the model `sparse_encoder` runs with "
        "`trust_remote_code: true`"
    ),
    "activation_function": honoured("relu or log1p_relu"),
    "embedding_dimension": nothing("the decoder says how many dimensions there are"),
    "word_embedding_dimension": nothing("the older name of embedding_dimension"),
    "chunk_size": nothing("how many tokens are pooled at once, which bounds memory"),
}
STATIC: Mapping[str, Key] = {
    "frozen": nothing("whether training changes the weights"),
    "path": refused(
        "weights from elsewhere; load the folder with sentence-transformers and save it, which puts them "
        "into model.safetensors",
        None,
    ),
}
ROUTER: Mapping[str, Key] = {
    "types": honoured("the modules of all routes"),
    "structure": honoured("the modules of each route, in order"),
    "parameters": honoured("route_mappings choose the route of a role; see `parameters.` below"),
}
ROUTER_PARAMETERS: Mapping[str, Key] = {
    "route_mappings": honoured("from role and modality to a route"),
    "default_route": nothing("queries and documents always come with their role"),
    "allow_empty_key": nothing("as default_route"),
}
MODEL: Mapping[str, Key] = {
    "auto_map": honoured(
        "code that the checkpoint brings: refused without `trust_remote_code: true`; code of another "
        "repository needs `code_revision` as well"
    ),
    "max_position_embeddings": honoured("bounds the length that a SentenceTransformers folder declares"),
    "dtype": honoured("float32 is computed unless `dtype: bfloat16` asks for the precision it was saved in"),
    "torch_dtype": honoured("the older name of dtype"),
    "attn_implementation": nothing("attention is chosen here (sdpa, else eager); a kernel from a hub is never fetched"),
    "experts_implementation": nothing("as attn_implementation"),
    "quantization_config": refused("quantised weights; save the checkpoint dequantised, in float32 or bfloat16", None),
    "num_hidden_layers": honoured("must not be more than the weights hold tensors"),
}
TOKENIZER: Mapping[str, Key] = {
    "auto_map": MODEL["auto_map"],
    "model_max_length": honoured("the length that a SentenceTransformers folder declares, where max_seq_length is not"),
    "truncation_side": honoured("which end of a long text is cut"),
    "padding_side": nothing("short texts are filled up on the right, and masked"),
    "max_length": nothing("transformers reads it nowhere; lengths come from model_max_length and max_seq_length"),
    "chat_template": nothing("a text is encoded as it stands"),
}

LISTS: Mapping[str, Mapping[str, Key]] = {
    "modules.json": MODULES,
    "config_sentence_transformers.json": ENCODER,
    "sentence_bert_config.json": TRANSFORMER,
    "SpladePooling/config.json": POOLING,
    "SparseStaticEmbedding/config.json": STATIC,
    "router_config.json": ROUTER,
    "router_config.json, parameters.": ROUTER_PARAMETERS,
}
"""Files of sentence-transformers: a key that is not listed is refused."""

HELD: Mapping[str, Mapping[str, Key]] = {"config.json": MODEL, "tokenizer_config.json": TOKENIZER}
"""Files of transformers: the keys that change numbers, or look as if they did."""


def read_listed(path: Path, keys: Mapping[str, Key]) -> dict[str, Any]:
    """Read a configuration all of whose keys must be on a list; raises ModelError."""
    config = read_object(path)
    hold(path, config, keys)
    return config


def hold(path: Path, config: Mapping[str, Any], keys: Mapping[str, Key]) -> None:
    """Refuse (ModelError) unknown keys, and refused ones whose value is not neutral."""
    for name in config:
        if name not in keys:
            raise ModelError(
                f"{path}: {name!r} is not known here, so what it changes cannot be said. Take it out of the file "
                f"where it changes nothing; otherwise {DOOR}"
            )
    hold_refused(path, config, keys)


def hold_refused(path: Path, config: Mapping[str, Any], keys: Mapping[str, Key]) -> None:
    """Refuse (ModelError) the refused keys whose value is not neutral; others pass."""
    for name, value in config.items():
        key = keys.get(name)
        if key and key.treatment == "refused" and value not in key.neutral:
            raise ModelError(f"{path}: {name} is {value!r}: {key.words}")
