"""Measure how far a suite's figures move when the same texts are encoded in another way."""

from sparsebench.evaluate.noise.floor import group_noise

__all__ = ["group_noise"]
