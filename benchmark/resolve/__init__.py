"""What a suite names -> what is at hand: its collections with their queries, its models with their providers."""

from benchmark.resolve.collection import TestCollection, resolve_collection
from benchmark.resolve.corpus import Gallery, require, source_of
from benchmark.resolve.model import ResolvedModel, resolve_model

__all__ = ["Gallery", "ResolvedModel", "TestCollection", "require", "resolve_collection", "resolve_model", "source_of"]
