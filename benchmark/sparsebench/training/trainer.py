"""One training, by sentence-transformers' SparseEncoderTrainer: start, checkpoints, resuming, the finished folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from sentence_transformers import SparseEncoder, SparseEncoderTrainer, SparseEncoderTrainingArguments
from sentence_transformers.base.modules import Transformer
from transformers import PrinterCallback
from transformers.utils.logging import disable_progress_bar

from sparsebench.checkpoints import AnyLocation
from sparsebench.errors import TrainingError
from sparsebench.training.backbone import write_start
from sparsebench.training.callbacks import KeepDocumentFrequencies, QuadraticSchedule, Watch
from sparsebench.training.examples import Examples
from sparsebench.training.late_decoder import defer, restore
from sparsebench.training.losses import DfFlops, splade_loss
from sparsebench.training.narrow import check_narrow, narrow, silence, widen
from sparsebench.training.output_ids import choose_output_ids
from sparsebench.training.pooling import pooling
from sparsebench.training.recipe import Settings, Variant
from sparsebench.training.show import Report

OUTPUT_IDS = "output_ids.txt"
_LOGS = 200
"""How many times a training says where it is."""


@dataclass(frozen=True)
class Trained:
    """A trained encoder; output_ids: (W,) the only ids that can be active, None for all."""

    encoder: SparseEncoder
    output_ids: np.ndarray | None

    def save(self, place: Path) -> None:
        """Save the encoder as a folder of sentence-transformers, with the output ids beside it."""
        if self.output_ids is not None:
            (place / OUTPUT_IDS).write_text("".join(f"{id_}\n" for id_ in self.output_ids))
        self.encoder.save_pretrained(str(place))


def train_encoder(
    variant: Variant, examples: Examples, *, backbone: AnyLocation, work: Path, device: str, report: Report
) -> Trained:
    """Train an encoder of the recipe.

    backbone: what it begins with. work: where checkpoints lie; a training that was killed goes on from the last whole
    one, to the same weights as without the kill on the same machine. Raises TrainingError, ModelError.
    """
    disable_progress_bar()  # transformers' bars are of steps that take no time
    encoder, ids = _start(variant, examples, backbone, work)
    loss, resumed = splade_loss(variant.settings, encoder), last_whole(work)
    trainer = SparseEncoderTrainer(
        model=encoder,
        args=_arguments(variant.settings, work, device),
        train_dataset=dataset(examples),
        loss=loss,
        callbacks=[
            QuadraticSchedule(loss, variant.settings.lambda_steps),
            *_keeping(loss, resumed),
            Watch(loss, variant, report),
        ],
    )
    trainer.remove_callback(PrinterCallback)  # it writes to standard output, which is for tables and JSON
    with _chosen_outputs(encoder, ids, variant.settings), _repeatable(device):
        trainer.train(resume_from_checkpoint=resumed)
    _check_finite(encoder, variant)
    if ids is not None:
        silence(encoder[0].auto_model, ids)
    return Trained(encoder, ids)


def _keeping(loss: Any, resumed: str | None) -> list[KeepDocumentFrequencies]:
    regulariser = loss.document_regularizer.regulariser
    return [KeepDocumentFrequencies(regulariser, resumed)] if isinstance(regulariser, DfFlops) else []


@contextmanager
def _chosen_outputs(encoder: SparseEncoder, ids: np.ndarray | None, settings: Settings) -> Iterator[None]:
    """Restrict the encoder to these outputs while it trains, and max pooling to the maxima."""
    model = encoder[0].auto_model
    if ids is not None:
        check_narrow(model)
    with ExitStack() as undo:  # a training that fails must not leave forwards of another one behind
        if settings.pooling == "max":
            defer(encoder, ids)
            undo.callback(restore, encoder)
        elif ids is not None:
            narrow(model, ids)
            undo.callback(widen, model)
        yield
    encoder[1].embedding_dimension = len(model.get_output_embeddings().weight)


def dataset(examples: Examples) -> Any:
    """Examples for the trainer; ids become texts when a batch is taken."""
    columns: dict[str, Any] = dict(examples.columns)
    if examples.teacher is not None:
        columns["label"] = examples.teacher
    rows = datasets.Dataset.from_dict(columns)
    if not examples.look_up:
        return rows

    def texts(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: examples.look_up[name](ids) if name in examples.look_up else ids for name, ids in batch.items()}

    return rows.with_transform(texts)


def last_whole(work: Path) -> str | None:
    """The last checkpoint that was written to its end; parts of others are removed. The trainer's state comes last."""
    whole = []
    for folder in work.glob("checkpoint-*"):
        try:
            whole.append((json.loads((folder / "trainer_state.json").read_text())["global_step"], str(folder)))
        except (OSError, ValueError, KeyError):
            shutil.rmtree(folder)
    return max(whole)[1] if whole else None


def _start(
    variant: Variant, examples: Examples, backbone: AnyLocation, work: Path
) -> tuple[SparseEncoder, np.ndarray | None]:
    """The untrained encoder, and the outputs that are to be trained."""
    settings, start = variant.settings, work / "start"
    write_start(variant, backbone, start)
    transformer = Transformer(str(start), transformer_task="fill-mask", max_seq_length=settings.length)
    encoder = SparseEncoder(modules=[transformer, pooling(settings.pooling)], device="cpu")
    size = len(transformer.auto_model.get_output_embeddings().weight)
    return encoder, choose_output_ids(variant, transformer.tokenizer, examples, size=size)


def _arguments(settings: Settings, work: Path, device: str) -> SparseEncoderTrainingArguments:
    _refuse_several(device)
    return SparseEncoderTrainingArguments(
        output_dir=str(work),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup_steps=settings.warm_up,
        lr_scheduler_type="linear",
        bf16=settings.precision == "bf16",
        seed=settings.seed,
        # A positive of the batch that is another query's positive too would be its own negative.
        batch_sampler="no_duplicates" if settings.loss == "infonce" else "batch_sampler",
        save_steps=settings.save_every,
        save_total_limit=2,
        logging_steps=max(1, settings.steps // _LOGS),
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device != "cpu",
    )


@contextmanager
def _repeatable(device: str) -> Iterator[None]:
    """A GPU adds up in any order unless it is told not to, and a training that goes on would be another one."""
    if device == "cpu":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def _refuse_several(device: str) -> None:
    """Refuse several GPUs: transformers would train on all that it sees at once, which is another training: n times the
    batch.
    """
    visible = torch.cuda.device_count() if device != "cpu" else 1
    if visible > 1:
        raise TrainingError(
            f"{visible} GPUs are visible to this process, and training is defined on one; set CUDA_VISIBLE_DEVICES to "
            "one of them before it starts (`sparsebench train --device cuda:1` does that)"
        )


def _check_finite(encoder: SparseEncoder, variant: Variant) -> None:
    if not all(torch.isfinite(parameter).all() for parameter in encoder.parameters()):
        raise TrainingError(f"{variant.place('learning_rate')}: {variant.label}: the weights are not finite any more")
