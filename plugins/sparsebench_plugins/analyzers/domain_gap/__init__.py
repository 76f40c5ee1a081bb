"""`domain_gap`: test whether a difference between systems holds out of domain as in domain (METHODS 2.5)."""

from sparsebench_plugins.analyzers.domain_gap.analyzer import DomainGap

__all__ = ["DomainGap"]
