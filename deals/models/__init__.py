from .activity import DealActivity
from .batch import ImportedCase
from .chance import ChanceNorm, DealChance
from .change import DealChange
from .deal import Deal, DealType
from .lost_reason import LostReason, RetryNorm
from .pipeline import Pipeline, Stage, StageKind, StageNorm
from .product import DealLine, Product
from .transition import DealAmendment, DealEvent

__all__ = [
    "ChanceNorm",
    "Deal",
    "DealActivity",
    "DealAmendment",
    "DealChance",
    "DealChange",
    "DealEvent",
    "DealLine",
    "DealType",
    "ImportedCase",
    "LostReason",
    "Pipeline",
    "Product",
    "RetryNorm",
    "Stage",
    "StageKind",
    "StageNorm",
]
