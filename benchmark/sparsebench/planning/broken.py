"""A model whose plugin fails before anything is computed: its cells are planned, and fail with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sparsebench.contracts import Model
from sparsebench.contracts.calls import ProcessDied, calling
from sparsebench.errors import FAILURES, ContractError, SparsebenchError, reason
from sparsebench.planning.model import ResolvedModel
from sparsebench.types import Json, Role


@dataclass(frozen=True)
class BrokenModel(Model):
    """Stands in for a model that cannot say what it is. why: for the records of its cells."""

    why: str

    def identity_of(self, role: Role) -> Mapping[str, Json]:
        """The reason: a mended plugin has other keys."""
        return {"broken": self.why}


def answering(resolved: ResolvedModel) -> ResolvedModel:
    """Return the model if it can say whether it is at hand, else a broken one."""
    return _or_broken(resolved, lambda: resolved.model.missing(), "missing()")


def identified(resolved: ResolvedModel) -> ResolvedModel:
    """Return the model if it can say what it is, else a broken one. Raises ModelError for one that is not at hand."""
    return _or_broken(resolved, lambda: resolved.identities, "identity()")


def _or_broken(resolved: ResolvedModel, ask: Callable[[], object], call: str) -> ResolvedModel:
    try:
        with calling(f"{type(resolved.model).__name__}.{call}", resolved.spec.label):
            ask()
    except (ContractError, ProcessDied) as error:
        why = str(error)
    except SparsebenchError:  # for the user to mend, and it says how
        raise
    except FAILURES as error:
        why = f"{type(resolved.model).__name__}.{call}: {reason(error)}"
    else:
        return resolved
    return replace(resolved, model=BrokenModel(why))
