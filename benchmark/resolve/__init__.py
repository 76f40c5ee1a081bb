"""What a suite names -> what is at hand: its collections with their queries, its models with their providers."""

from benchmark.resolve.collection import TestCollection, resolve_collection
from benchmark.resolve.corpus import Gallery, require
from benchmark.resolve.model import ResolvedModel, resolve_model
from benchmark.resolve.needs import needs

__all__ = ["Gallery", "ResolvedModel", "TestCollection", "needs", "require", "resolve_collection", "resolve_model"]
