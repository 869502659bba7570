"""How much a client may ask: weights and orders counted in windows of wall time, and bans for those who go on.

Windows begin at whole multiples of their length, as Binance's minutes do. All lengths are settings (`sim.gates`).
"""

from dataclasses import dataclass, field

from trimtab.sim.gates import Allowance, Limits


@dataclass
class Meter:
    """What has been used, by client and allowance, and who is banned until when."""

    used: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)
    struck: dict[str, int] = field(default_factory=dict)
    bans: dict[str, int] = field(default_factory=dict)
    banned: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Wait:
    """Too much: come back in `retry_s`. `banned`: nothing at all is answered until then."""

    retry_s: float
    banned: bool
    allowance: Allowance | None = None


def ban(meter: Meter, client: str, limits: Limits, now: float) -> Wait:
    """Shut a client out for as long as its record deserves."""
    times = meter.bans.get(client, 0)
    lasts = float(min(limits.ban_s * 2**times, limits.longest_ban_s))
    meter.bans[client], meter.struck[client], meter.banned[client] = times + 1, 0, now + lasts
    return Wait(lasts, banned=True)


def shut_out(meter: Meter, client: str, now: float) -> Wait | None:
    """How long a banned client still has to wait; None for one that is not banned."""
    left = meter.banned.get(client, 0.0) - now
    return Wait(left, banned=True) if left > 0 else None


def charge(meter: Meter, client: str, kind: str, allowance: Allowance, weight: int, now: float) -> Wait | None:
    """Count a call against an allowance; what goes beyond it counts for nothing and has to wait for the next window."""
    length = float(allowance.window_s)
    window = int(now // length)
    used = spent(meter, client, kind, allowance, now)
    if used + weight > allowance.most:
        return Wait((window + 1) * length - now, banned=False, allowance=allowance)
    meter.used[client, kind, allowance.name] = window, used + weight
    return None


def strike(meter: Meter, client: str, limits: Limits, wait: Wait, now: float) -> Wait:
    """Note that a client asked though it had to wait; in the end it is banned."""
    meter.struck[client] = meter.struck.get(client, 0) + 1
    return ban(meter, client, limits, now) if meter.struck[client] > limits.strikes else wait


def spent(meter: Meter, client: str, kind: str, allowance: Allowance, now: float) -> int:
    """What a client has used of an allowance in the present window."""
    window, used = meter.used.get((client, kind, allowance.name), (-1, 0))
    return used if window == int(now // float(allowance.window_s)) else 0
