"""Studies of a factor of training over seeds, from records alone (METHODS 2.6)."""

from sparsebench_plugins.analyzers.factor_study.definitions import FactorDefinitions
from sparsebench_plugins.analyzers.factor_study.removal import FactorRemoval
from sparsebench_plugins.analyzers.factor_study.trend import FactorTrend

__all__ = ["FactorDefinitions", "FactorRemoval", "FactorTrend"]
