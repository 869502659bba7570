"""Why a simulated venue says no: a ground that a protocol has a code for, and a sentence for people."""

from enum import StrEnum

from trimtab.quant.filters import Rule


class Ground(StrEnum):
    """What stands against an order or a movement, apart from the rules of `quant.filters`."""

    ACCOUNT = "account"
    RIGHT = "right"
    LISTING = "listing"
    CLOSED = "closed"
    LATE = "late"
    SHAPE = "shape"
    REPEATED = "repeated"
    CROSSES = "crosses"
    FUNDS = "funds"
    NETWORK = "network"
    MINIMUM = "minimum"
    ADDRESS = "address"
    STAGE = "stage"


class Refusal(ValueError):
    """The venue will not do it, and says why. Nothing happened."""

    def __init__(self, ground: Ground | Rule, because: str) -> None:
        super().__init__(because)
        self.ground = ground
