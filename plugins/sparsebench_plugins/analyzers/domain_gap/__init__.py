"""`domain_gap` (METHODS 2.5): does a difference hold out of the domain as it does in it?"""

from sparsebench_plugins.analyzers.domain_gap.analyzer import DomainGap

__all__ = ["DomainGap"]
