"""Callbacks between training steps: the schedule of the regularisers, and the watch for a collapsed training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.sparse_encoder.callbacks.splade_callbacks import SpladeRegularizerWeightSchedulerCallback
from transformers import TrainerCallback

from sparsebench.errors import TrainingError
from sparsebench.training.losses import DfFlops
from sparsebench.training.recipe import Variant
from sparsebench.training.show import Report

PATIENCE = 3
"""Steps in a row without any active entry: an empty side has no gradient of the ranking, so none comes back."""


class QuadraticSchedule(SpladeRegularizerWeightSchedulerCallback):  # type: ignore[misc]
    """Schedule of the regulariser's weight: lambda(s) = lambda * min(1, s/T)^2 with T in steps (METHODS 1); the base
    class wants it as a share of the run.
    """

    def __init__(self, loss: Any, steps: int) -> None:
        super().__init__(loss)
        self._steps = steps

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Set T."""
        super().on_train_begin(args, state, control, **kwargs)
        self.warmup_steps = self._steps


class KeepDocumentFrequencies(TrainerCallback):  # type: ignore[misc]
    """Writes the counts of DF-FLOPS beside each checkpoint and reads them back: the same weights as without a kill."""

    _FILE = "document_frequencies.pt"

    def __init__(self, regulariser: DfFlops, resumed_from: str | None) -> None:
        self._regulariser, self._resumed_from = regulariser, resumed_from

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Go on from the counts of the checkpoint."""
        if self._resumed_from:
            self._regulariser.recall(torch.load(Path(self._resumed_from) / self._FILE, weights_only=True))

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write them beside the checkpoint."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        torch.save(self._regulariser.remember(), folder / self._FILE)


class Watch(TrainerCallback):  # type: ignore[misc]
    """Reports every logged step, and stops a training whose vectors are empty or not finite (TrainingError)."""

    def __init__(self, loss: Any, variant: Variant, report: Report) -> None:
        self._loss, self._variant, self._report = loss, variant, report
        self._empty = {"query": 0, "document": 0}

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look at the vectors of this step."""
        for side, l0 in self._l0().items():
            self._empty[side] = self._empty[side] + 1 if l0 == 0 else 0
            if self._empty[side] == PATIENCE:
                raise TrainingError(self._collapsed(side, state.global_step))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any) -> None:
        """Pass on what the trainer logs."""
        if "loss" not in logs:
            return  # the summary at the end
        if not math.isfinite(logs["loss"]):
            raise TrainingError(
                f"{self._variant.place('learning_rate')}: {self._variant.label}: the loss is {logs['loss']} at step "
                f"{state.global_step}; lower `learning_rate` or `head_scale`, or lengthen `warm_up`"
            )
        l0 = {f"{side}_l0": value for side, value in self._l0().items()}
        self._report({"label": self._variant.label, "step": state.global_step, "steps": state.max_steps, **logs, **l0})

    def _l0(self) -> dict[str, float]:
        sides = {"query": self._loss.query_regularizer, "document": self._loss.document_regularizer}
        return {side: regulariser.l0.item() for side, regulariser in sides.items()}

    def _collapsed(self, side: str, step: int) -> str:
        settings, key = self._variant.settings, f"lambda_{side[0]}"
        weight = getattr(settings, key) * settings.lambda_factor
        return (
            f"{self._variant.place(key)}: {self._variant.label}: every {side} vector is empty since step "
            f"{step - PATIENCE + 1}, and an empty vector learns nothing: {key} x lambda_factor = {weight:g} of "
            f"{settings.regulariser} is too strong. Lower it, or lengthen `lambda_steps` ({settings.lambda_steps})"
        )
