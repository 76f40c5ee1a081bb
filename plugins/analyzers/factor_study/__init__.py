"""What a factor of training does, over training seeds, from records alone (METHODS 2.6)."""

from plugins.analyzers.factor_study.definitions import FactorDefinitions
from plugins.analyzers.factor_study.removal import FactorRemoval
from plugins.analyzers.factor_study.trend import FactorTrend

__all__ = ["FactorDefinitions", "FactorRemoval", "FactorTrend"]
