"""Any masked language model of transformers, cut before its last linear layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench import Json, ModelError
from sparsebench.device import does_not_fit, kind, lost, pinned, products
from sparsebench.encoding import Precision
from sparsebench_plugins.models.finite import check_finite
from sparsebench_plugins.models.splade.checkpoint import Checkpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

_DTYPE = "dtype" if int(version("transformers").partition(".")[0]) >= 5 else "torch_dtype"


@dataclass(frozen=True)
class MaskedLM:
    """A masked language model whose logits are `hidden(ids) @ weight.T + bias`.

    body: the model, its decoder passed over. weight (V, h), bias (V,) or None: the decoder.
    pad_id: what short texts are filled up with. longest: the most tokens it takes, None without a limit.
    dtype: what the body computes in; `tf32` stands for float32 whose products are rounded by the device.
    """

    body: nn.Module
    weight: Tensor
    bias: Tensor | None
    pad_id: int
    longest: int | None
    dtype: Precision = "float32"

    def states(self, ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Inputs of the decoder (N, L, h) float32 of N texts given as ids, and where there are tokens, (N, L) bool.

        Ids and lengths go to the device in one copy that nothing waits for.
        """
        import torch

        longest = max(map(len, ids))
        sent = torch.full((len(ids), longest + 1), self.pad_id, pin_memory=not self.on_cpu)
        rows = sent.numpy()
        for row, text in enumerate(ids):
            rows[row, : len(text)], rows[row, longest] = text, len(text)
        here = sent.to(self.weight.device, non_blocking=True)
        there = torch.arange(longest, device=here.device) < here[:, longest:]
        with pinned("tf32" if self.dtype == "tf32" else "float32"):
            states: Tensor = self.body(
                input_ids=here[:, :longest], attention_mask=there.long(), return_dict=True
            ).logits
        return states.float(), there

    def hidden(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Inputs of the decoder (T, h) for T tokens of texts given as ids, text after text, without padding."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        texts = [torch.tensor(text) for text in ids]
        padded = pad_sequence(texts, batch_first=True, padding_value=self.pad_id).to(self.weight.device)
        mask = pad_sequence([torch.ones_like(text) for text in texts], batch_first=True).to(self.weight.device)
        states: Tensor = self.body(input_ids=padded, attention_mask=mask, return_dict=True).logits
        return states[mask.bool()].float()

    def compile(self) -> None:
        """Compile the body, in place, for texts of any number and length; raises ModelError where that fails."""
        import torch

        self.body.compile(dynamic=True)
        try:
            with torch.inference_mode():
                self.hidden([[self.pad_id] * 3, [self.pad_id] * 4])
        except Exception as error:  # of whatever a compiler lacks or cannot do
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"compile: true failed ({first}); it needs a C++ compiler, leave it out") from error

    def only(self, ids: np.ndarray) -> MaskedLM:
        """Return the model with the rows `ids` (W,) of its decoder alone; raises ModelError for an id that is beyond
        it.
        """
        if ids[-1] >= len(self.weight):
            raise ModelError(f"output_vocabulary names id {ids[-1]}; the checkpoint has {len(self.weight)} dimensions")
        return replace(self, weight=self.weight[ids], bias=None if self.bias is None else self.bias[ids])

    @property
    def on_cpu(self) -> bool:
        """True if it runs on the CPU."""
        return self.weight.device.type == "cpu"

    def describe(self) -> Mapping[str, Json]:
        """Return the facts for the record on architecture, attention and precision."""
        body: Any = self.body
        compiled = body._compiled_call_impl is not None
        return {
            "architecture": type(body).__name__,
            "attention": body.config._attn_implementation,
            "compiled": compiled,
            "precision": str(body.dtype).removeprefix("torch."),
        }


def load_masked_lm(checkpoint: Checkpoint, device: str, dtype: Precision = "float32") -> MaskedLM:
    """Load a checkpoint; raises ModelError where it is no masked language model, or not a whole one.

    dtype: `bfloat16` for weights and activations before the decoder, whatever they were saved in.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    # Attention is ours to choose: a name in config.json may be a kernel that transformers would fetch and run.
    options = {
        "local_files_only": True,
        "trust_remote_code": checkpoint.trust.remote_code,
        "code_revision": checkpoint.trust.revision,
    }
    try:
        with _quiet():
            config = transformers.AutoConfig.from_pretrained(checkpoint.folder, **options)
            config._attn_implementation = None
            config._experts_implementation = None
            model, report = transformers.AutoModelForMaskedLM.from_pretrained(
                checkpoint.folder,
                config=config,
                output_loading_info=True,
                use_safetensors=checkpoint.is_safetensors,
                weights_only=True,
                **{_DTYPE: "auto" if dtype == "bfloat16" else torch.float32},
                **options,
            )
    except (OSError, ValueError, TypeError, AttributeError, ImportError, RuntimeError, KeyError) as error:
        raise ModelError(f"checkpoint {checkpoint.name!r} does not load as a masked language model: {error}") from error
    except (SafetensorError, UnpicklingError, RecursionError) as error:
        raise ModelError(f"checkpoint {checkpoint.name!r} does not load as a masked language model: {error}") from error
    _check_loaded(checkpoint, report)
    check_finite(checkpoint.name, model.state_dict())
    if dtype == "tf32":
        _check_tf32(device)
    with _room_for(checkpoint.name, device):
        return replace(cut(model.eval().to(device), dtype), dtype=dtype)


@contextmanager
def _room_for(name: str, device: str) -> Iterator[None]:
    """Raise ModelError where the weights do not fit in the memory of `device`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not does_not_fit(error):
            raise
        raise ModelError(
            f"checkpoint {name!r} does not fit in the memory of {device}; free memory (`nvidia-smi` says who uses it), "
            "or use another device or --device cpu"
        ) from error


def _check_tf32(device: str) -> None:
    """Raise ModelError where asking for TF32 would change nothing, and so be recorded falsely."""
    with pinned("tf32"):
        if kind(device) == "cpu" or products(device) != "tf32":
            raise ModelError(
                f"dtype: {device} does not multiply in TF32: that takes an NVIDIA GPU of compute capability 8.0 or "
                "more, and no NVIDIA_TF32_OVERRIDE=0 in the environment; leave `dtype: tf32` out"
            )


def cut(model: Any, dtype: Precision = "float32") -> MaskedLM:
    """Take the decoder off a model of transformers, whose body then computes in `dtype`.

    Only what the model itself computes counts. Its logits on a few tokens must come out the same afterwards, so that an
    architecture that does more after its decoder is refused (ModelError) and never scored wrongly; and the same tokens
    alone and beside a longer text must give the same, or else padding mixes into them.
    """
    name = type(model).__name__
    if getattr(model.config, "is_encoder_decoder", False):
        raise ModelError(f"{name} is not supported: it has an encoder and a decoder of its own")
    try:
        found = _cut(model, name, dtype)
        _check_padding(found, name)
    except ModelError:
        raise
    except Exception as error:  # of whatever an architecture that nobody tried here does
        if does_not_fit(error) or lost(error):
            raise
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"{name} is not supported: {first}") from error
    return found


def _cut(model: Any, name: str, dtype: Precision) -> MaskedLM:
    import torch

    decoder = model.get_output_embeddings()
    if not isinstance(decoder, torch.nn.Linear):
        raise ModelError(f"{name} is not supported: its decoder is {type(decoder).__name__}, not a Linear")
    # Pooling is float32 whatever the model computes in: no bit of a logit is lost after the decoder.
    weight = decoder.weight.detach().float()
    bias = None if decoder.bias is None else decoder.bias.detach().float()
    if dtype == "bfloat16":
        model.bfloat16()
    tokens = torch.arange(min(8, len(weight)), device=weight.device)[None]
    rough = _roughness(model)
    with torch.inference_mode():
        expected = model(input_ids=tokens, return_dict=True).logits.float()
        decoder.forward = _pass_over  # type: ignore[method-assign,assignment]
        hidden = model(input_ids=tokens, return_dict=True).logits.float()
        if hidden.shape[-1] != weight.shape[1] or not torch.allclose(
            torch.nn.functional.linear(hidden, weight, bias), expected, rtol=rough, atol=rough
        ):
            raise ModelError(f"{name} is not supported: its logits are not those of its decoder alone, or not finite")
    return MaskedLM(model, weight, bias, model.config.pad_token_id or 0, _longest(model))


def _check_padding(model: MaskedLM, name: str) -> None:
    """Refuse (ModelError) an architecture whose tokens see the padding beside them, as those of FNet and ConvBERT do:
    vectors would depend on which texts share a batch."""
    import torch

    longest = min(24, model.longest or 24)
    tokens = [term for term in range(min(len(model.weight), 64)) if term != model.pad_id]
    long = (tokens * longest)[:longest]
    with torch.inference_mode():
        alone = model.hidden([long[:3]])
        beside = model.hidden([long[:3], long])[:3]
    if (alone - beside).abs().max() > _roughness(model.body) * alone.abs().max():
        raise ModelError(
            f"{name} is not supported: padding mixes into its tokens, so that a text's vector would depend on "
            "the texts beside it"
        )


def _roughness(model: Any) -> float:
    """Return how far rounding takes the same hidden states apart, relative to them."""
    import torch

    return 1e-4 if model.dtype == torch.float32 else 2**-5


def _pass_over(hidden: Tensor) -> Tensor:
    """Pass over a decoder's forward: the model's "logits" are then what its decoder is given."""
    return hidden


def _longest(model: nn.Module) -> int | None:
    """Learnt positions end somewhere; RoBERTa and its kin leave the first ones, up to that of the padding, unused."""
    import torch

    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None


def _check_loaded(checkpoint: Checkpoint, report: Any) -> None:
    """A head that was not in the checkpoint is random, and a random head gives a plausible table."""
    missing = sorted(report["missing_keys"])
    if missing:
        others = ", ".join(sorted(report["unexpected_keys"])) or "nothing"
        raise ModelError(
            f"checkpoint {checkpoint.name!r} is not a whole masked language model. It lacks {', '.join(missing)}; "
            f"it holds instead: {others}"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' progress bars and its own loading report off the terminal; ours is an error."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
