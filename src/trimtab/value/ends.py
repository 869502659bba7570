"""The two ends of one movement, each told by its own venue, become one transfer.

A venue knows its own end: who sent a deposit it cannot tell, and whose address a withdrawal went to only we can. What
both ends share is the network's transaction id; one transaction may pay several accounts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from trimtab.model.canonical import encode
from trimtab.model.holdings import Stage, Transfer
from trimtab.units import canon

PROGRESS: Final = {
    stage: step
    for step, stage in enumerate(
        (Stage.REQUESTED, Stage.SENT, Stage.SEEN, Stage.HELD, Stage.TRADABLE, Stage.WITHDRAWABLE, Stage.RETURNED)
    )
}
"""Which of two ends of a transfer knows more. A deposit that is held has been seen."""

Key = tuple[str, str, str, str]


def joined(transfers: Iterable[Transfer], ours: Collection[str]) -> list[Transfer]:
    """One transfer for each movement, sorted; `ours` are the accounts that an end may be known as.

    A deposit whose sender is none of ours meets the withdrawal of the same transaction that went to its account, or
    to an address that we do not know; of several the one by which the same amount arrives.
    """
    whole = _whole(transfers)
    deposits = [t for t in whole.values() if t.source not in ours and t.target in ours]
    sent: dict[tuple[str, str], list[Transfer]] = defaultdict(list)
    for transfer in whole.values():
        if transfer.source in ours and (transfer.target not in ours or _half(transfer)):
            sent[transfer.id, transfer.asset].append(transfer)
    for deposit in deposits:
        match = _sender(deposit, sent[deposit.id, deposit.asset], ours)
        if match is not None:
            sent[deposit.id, deposit.asset].remove(match)
            del whole[_key(match)], whole[_key(deposit)]
            met = _met(match, deposit)
            whole[_key(met)] = met
    return [whole[key] for key in sorted(whole)]


def _whole(transfers: Iterable[Transfer]) -> dict[Key, Transfer]:
    """Reports that name the same ends, put together: the one that has seen more is right."""
    found: dict[Key, Transfer] = {}
    for transfer in sorted(transfers, key=lambda t: (PROGRESS[t.stage], encode(t))):
        key = _key(transfer)
        found[key] = _later(found[key], transfer) if key in found else transfer
    return found


def _key(transfer: Transfer) -> Key:
    return transfer.id, transfer.asset, transfer.source, transfer.target


def _half(transfer: Transfer) -> bool:
    """Whether nobody has told of its arrival yet."""
    return transfer.credited_at is None


def _sender(deposit: Transfer, sent: Collection[Transfer], ours: Collection[str]) -> Transfer | None:
    fitting = [t for t in sent if t.target == deposit.target or t.target not in ours]
    return min(
        fitting,
        key=lambda t: (t.target != deposit.target, abs(t.amount - t.fee - deposit.amount), encode(t)),
        default=None,
    )


def _met(withdrawal: Transfer, deposit: Transfer) -> Transfer:
    """What left is the sender's to say, what arrived the receiver's; the difference is what the way cost."""
    arrived = deposit.amount - deposit.fee
    more = max((withdrawal, deposit), key=lambda t: PROGRESS[t.stage])
    return replace(
        deposit,
        source=withdrawal.source,
        amount=withdrawal.amount,
        fee=canon(withdrawal.amount - arrived),
        stage=more.stage,
        debited_at=withdrawal.debited_at,
        because=deposit.because or withdrawal.because,
    )


def _later(less: Transfer, more: Transfer) -> Transfer:
    return replace(
        more,
        debited_at=min(less.debited_at, more.debited_at),
        credited_at=more.credited_at or less.credited_at,
        withdrawable_at=more.withdrawable_at or less.withdrawable_at,
        because=more.because or less.because,
    )
