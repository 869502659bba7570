"""Checks a plan of `trimtab solve` without a solver and without trimtab: `python checker.py < plan.json`.

Standard library only, exact fractions. From the problem in the certificate it rebuilds what money can do, and asks: can
each leg be sent, is each paid for whichever run at once, do the promises hold, and is the bound proven? Any duals prove
some bound, so that nothing here has to trust whoever found the plan.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction as F  # noqa: N817  # it stands in every line
from typing import Any

Json = dict[str, Any]
Move = tuple[str, dict[Any, F], str, F, F]
BPS, ZERO = 10_000, F(0)


class Field:
    """What is where, and each move: its leg, what a unit of it changes by place, its slice, its most. All by value."""

    def __init__(self, problem: Json) -> None:
        """Rebuild the moves. Better than the mark counts as the mark, and a rebate as nothing."""
        self.problem, self.books = problem, {b["id"]: b for b in problem.get("books", [])}
        self.price = defaultdict(F, {a["id"]: F(a["price"]) for a in problem["assets"] if "price" in a})
        self.unit = {a["id"]: F(1, 10 ** a.get("decimals", 18)) for a in problem["assets"]}
        self.there, self.free, self.asset, self.rule, self.moves = defaultdict(F), defaultdict(F), {}, {}, {}
        for b in problem["balances"]:
            place, price = (b["account"], b["asset"]), self.price[b["asset"]]
            self.there[place] = (F(b["free"]) + F(b.get("locked", 0))) * price
            self.free[place] = max(ZERO, F(b["free"]) - F(b.get("keep", 0))) * price
        self.nav, self.links = sum(self.there.values()), {t["id"]: t for t in problem.get("transfers", [])}
        for m in problem.get("markets", []):
            for side in m.get("sides", ["buy", "sell"]):
                depth = [s for s in self.books[m["book"]].get("depth", []) if s.get("side", side) == side]
                ways = self.charged(m, side, min(2 * self.nav, sum(F(part["value"]) for part in depth)))
                for number, part in enumerate(depth, start=1):
                    self.trade(m, side, f"{side} {number}", part, ways)
        for name, t in self.links.items():
            self.rule[name] = self.unit[t["asset"]], F(t.get("minimum", 0))
            self.asset[name], into = t["asset"], 1 - max(ZERO, F(t.get("fee_bps", 0))) / BPS
            most = min(self.nav, F(t.get("maximum", "1e60")) * self.price[t["asset"]])
            self.moves[name] = name, {(t["from"], t["asset"]): F(-1), (t["to"], t["asset"]): into}, "", most

    def charged(self, m: Json, side: str, deep: F) -> list[str]:
        """What a fee may be taken from: a third asset while there is some, what is received where it may run short."""
        book, kind, rate = self.books[m["book"]], m.get("fee_from", "received"), max(ZERO, F(m.get("fee_bps", 0)))
        if kind in ("quote", book["quote"]):
            return ["quote"]
        grain = self.unit.get(kind, F(1)) * self.price[kind]
        there = self.free[m["account"], kind] // grain * grain if grain else ZERO
        if kind == "received" or not rate or not there or (kind == book["base"] and side == "buy"):
            return ["received"]
        return [kind] if there >= 2 * rate / BPS * deep else [kind, "received"]

    def trade(self, m: Json, side: str, slot: str, part: Json, ways: list[str]) -> None:
        """One slice of a book as one account takes it, once for each asset that its fee may be taken from."""
        book, cost, leg = self.books[m["book"]], max(ZERO, F(part["bps"])) / BPS, f"{m['id']} {side}"
        base, quote, rate = book["base"], book["quote"], max(ZERO, F(m.get("fee_bps", 0))) / BPS
        least = F(book.get("min_notional", 0)) * self.price[quote] / self.price[base]
        step = F(book.get("step", 0)) or self.unit[base]
        self.asset[leg], self.rule[leg] = base, (step, max(least, F(book.get("min_amount", 0))))
        sign, paid = (1, 1 + cost) if side == "buy" else (-1, 1 - cost)
        for way in ways:
            change = defaultdict(F, {(m["account"], base): F(sign), (m["account"], quote): -sign * paid})
            gets = base if side == "buy" else quote
            payer = {"received": gets, "quote": quote}.get(way, way)
            change[m["account"], payer] -= rate * (1 if (way, side) == ("received", "buy") else paid)
            most = min(F(part["value"]), 2 * self.nav)
            self.moves[f"{m['id']} {slot} {way}"] = leg, change, f"{book['id']} {slot}", most


def sendable(field: Field, name: str, leg: Json) -> Iterator[str]:
    """Whether a venue takes the leg, and whether it claims to bring more, or to take less, than its moves do."""
    amount, takes = F(leg["amount"]), {t["move"]: F(t["amount"]) for t in leg["takes"]}
    stated = {(c["account"], c["asset"]): F(c["amount"]) for c in leg["changes"]}
    if any(field.moves.get(move, [""])[0] != name for move in takes) or min(takes.values()) <= 0:
        yield f"{leg['id']}: its parts are not moves of {name}"
        return
    if len(takes) < len(leg["takes"]) or len(stated) < len(leg["changes"]) or sum(takes.values()) != amount:
        yield f"{leg['id']}: a part or a change is there twice, or the parts do not sum to its amount"
    price, (step, least) = field.price[field.asset[name]], field.rule[name]
    change: dict[Any, F] = defaultdict(F)
    for move, taken in takes.items():
        for place, n in field.moves[move][1].items():
            change[place] += taken * price * n / field.price[place[1]]
    if t := field.links.get(name):
        change[t["to"], t["asset"]] -= F(t.get("fee", 0))
    if amount < least or amount % step or F(leg["value"]) != amount * price:
        yield f"{leg['id']}: its venue does not take {leg['amount']}, or its value is another"
    if any(stated.get(place, ZERO) > change[place] for place in {*change, *stated}):
        yield f"{leg['id']}: it claims to change more than it can"


def paid(field: Field, legs: Json) -> Iterator[str]:
    """Whether every set of legs that is closed under `needs` is paid for, and finds room below the ceilings."""
    before: dict[str, set[str]] = {}
    for leg in sorted(legs.values(), key=lambda x: x["wave"]):
        waves = {x["id"]: x["wave"] for x in legs.values() if x["id"] in before}
        if any(n not in before for n in leg["needs"]) or leg["wave"] != 1 + max(
            [waves[n] for n in leg["needs"]], default=0
        ):
            yield f"{leg['id']}: its wave does not follow from the legs that it needs"
            return
        before[leg["id"]] = set(leg["needs"]).union(*(before[n] for n in leg["needs"]))
    flows: dict[Any, list[Any]] = defaultdict(list)
    for name, leg in legs.items():
        for c in leg["changes"]:
            flows[c["account"], c["asset"]].append((leg["id"], F(c["amount"]) * field.price[c["asset"]]))
        if link := field.links.get(name):  # a transfer uses up the room of its target, and leaves room where it was
            for account, sign in ((link["from"], 1), (link["to"], -1)):
                flows[account, ""].append((leg["id"], sign * F(leg["amount"]) * field.price[link["asset"]]))
    for a in field.problem["accounts"]:
        field.free[a["id"], ""] = F(a.get("max_value", "1e60")) - sum(
            n for p, n in field.there.items() if p[0] == a["id"]
        )
    for place, found in flows.items():
        first = {leg for leg, n in found if n > 0}
        early = sum(n for leg, n in found if n < 0 and not (first and first <= before[leg]))
        if min(field.free[place] + early, field.free[place] + sum(n for _, n in found)) < min(ZERO, field.free[place]):
            yield f"{place[0]} {place[1]}: more is taken than is there by then"


def promises(field: Field, places: set[Any]) -> Iterator[tuple[str, set[Any], F, int]]:
    """Each promise on weights: its name, the places it sums, its edge, and whether that is least (1) or most (-1)."""
    aims = {asset: {"weight": "0"} for asset in field.price} | {t["asset"]: t for t in field.problem["targets"]}
    for asset, t in aims.items():
        mine, band = {p for p in places if p[1] == asset}, F(t.get("band", 0))
        if "weight" in t:
            yield f"low {asset}", mine, max(ZERO, F(t["weight"]) - band), 1
            yield f"high {asset}", mine, min(F(1), F(t["weight"]) + band), -1
    for c in field.problem.get("clauses", []):
        of = [*c.get("assets", []), *([c["asset"]] if "asset" in c else []), *c.get("accounts", [])]
        name, sign = c.get("id") or " ".join([c["kind"], *of, c["limit"]]), 1 if c["kind"] == "min_weight" else -1
        if c["kind"] != "max_turnover":
            mine = {
                p for p in places if p[0] in c.get("accounts", []) or p[1] in [*c.get("assets", []), c.get("asset")]
            }
            yield f"clause {name}", mine, F(c["limit"]), sign


def moved(field: Field, plan: Json) -> list[Move]:
    """Every move with its size in the plan; a fixed fee is a move of its own, used (1) or not (0)."""
    sizes = {t["move"]: F(t["amount"]) for leg in plan["legs"] for t in leg["takes"]}
    found: list[Move] = []
    for name, (leg, change, slot, most) in field.moves.items():
        found.append((leg, change, slot, most, sizes.get(name, ZERO) * field.price[field.asset[leg]]))
    for name, t in field.links.items():
        fee = {(t["to"], t["asset"]): -F(t.get("fee", 0)) * field.price[t["asset"]]}
        found.append((f"use {name}", fee, "", F(1), F(name in sizes)))
    return found


def proven(field: Field, plan: Json) -> Iterator[str]:
    """Whether slices and clauses hold, and no plan that ends as near to the targets costs below the bound.

    That is weak duality: the worth of every promise, less what a move could gain at these prices, however much of it.
    """
    duals, moves = {d["row"]: F(d["value"]) for d in plan["certificate"]["duals"]}, moved(field, plan)
    end, taken = defaultdict(F, field.there), defaultdict[str, F](F)
    for _, change, slot, _, size in moves:
        taken[slot] += size
        for place, n in change.items():
            end[place] += n * size
    slices = {slot: most for _, _, slot, most, _ in moves if slot}
    yield from (f"{slot}: more is taken than it has" for slot in slices if taken[slot] > slices[slot])
    yield from (f"{leg}: more is moved than may be" for leg, _, slot, most, size in moves if not slot and size > most)
    lost, bound, whole = field.nav - sum(end.values()), ZERO, -duals.get("lost", ZERO)
    worth = dict.fromkeys(end, whole)
    for name, mine, edge, sign in promises(field, {*end}):
        asked = edge * field.nav - sum(field.there[p] for p in mine)
        found = sum(end[p] - field.there[p] for p in mine) + edge * lost
        if name.startswith("clause ") and sign * found < (
            min(sign * asked, 0) if name in plan["breached"] else sign * asked
        ):
            yield f"{name}: it does not hold at the end, or less than before"
        y = sign * max(ZERO, sign * duals.get(name, ZERO))
        bound, whole = bound + y * sign * min(sign * asked, sign * found), whole + y * edge
        worth |= {p: worth[p] + y for p in mine}
    for p in end:
        y = min(ZERO, duals.get(f"stock {p[0]} {p[1]}", ZERO))
        bound, worth[p] = bound + y * field.free[p], worth[p] - y
    prices = {slot: min(ZERO, duals.get(f"depth {slot}", ZERO)) for slot in slices}
    bound += sum(y * slices[slot] for slot, y in prices.items()) - max(ZERO, whole) * field.nav
    for name, (y, most) in limits(field, duals).items():
        trades = name.startswith("clause ")
        if trades and sum(taken[slot] for slot in slices) > most:
            yield f"{name}: it does not hold"
        bound, prices = bound + y * most, {slot: n + y * trades for slot, n in prices.items()}
    for leg, change, slot, most, _ in moves:
        gain = sum(n * (1 + worth[p]) for p, n in change.items()) + prices.get(slot, ZERO) + link(field, duals, leg)
        bound -= max(ZERO, gain) * most
    if F(plan["bound"]) > max(ZERO, bound) or F(plan["cost"]) < F(plan["bound"]):
        yield f"bound: the plan says {plan['bound']}, its duals prove {float(bound)}, and it costs {plan['cost']}"


def limits(field: Field, duals: dict[str, F]) -> dict[str, tuple[F, F]]:
    """The promises that bind what is moved and not what is held: their duals, and the most that they allow."""
    found = {f"ceiling {a['id']}": field.free[a["id"], ""] for a in field.problem["accounts"] if "max_value" in a}
    for c in field.problem.get("clauses", []):
        if c["kind"] == "max_turnover":
            found[f"clause {c.get('id') or ' '.join([c['kind'], c['limit']])}"] = F(c["limit"]) * field.nav
    return {name: (min(ZERO, duals.get(name, ZERO)), most) for name, most in found.items()}


def link(field: Field, duals: dict[str, F], leg: str) -> F:
    """What the duals say of a transfer: the room that it takes and leaves, and that it is used whole or not at all."""
    name = leg.removeprefix("use ")
    over, under = min(ZERO, duals.get(f"most {name}", ZERO)), max(ZERO, duals.get(f"least {name}", ZERO))
    if name not in field.links:
        return ZERO
    t, most = field.links[name], field.moves[name][3]
    if leg == name:
        room = {x: min(ZERO, duals.get(f"ceiling {t[x]}", ZERO)) for x in ("from", "to")}
        return over + under + room["to"] - room["from"]
    least = min(most, max(F(t.get("minimum", 0)), F(t.get("fee", 0))) * field.price[t["asset"]])
    return F(-over * most - under * least)


def shipped(problem: Json, plan: Json) -> Iterator[str]:
    """Whether the flows of a transport problem do what was asked, and undercut no potentials: then none is cheaper.

    Where edges charge for being used there are no potentials; the bound then rests on the word of who searched.
    """
    at, left = {n: F(v) for n, v in plan["certificate"]["potentials"].items()}, defaultdict[str, F](F)
    flows, cost = {x["id"]: F(x["value"]) for x in plan["flows"]}, ZERO
    if not at and not any("fixed" in e or "minimum" in e for e in problem["edges"]):
        yield "certificate: there are no potentials"
    for e in problem["edges"]:
        flow, price = flows.pop(e["id"], ZERO), max(ZERO, F(e["cost_bps"]))
        room, cost = (
            F(e.get("capacity", "1e60")) - flow,
            cost + flow * price / BPS + (F(e.get("fixed", 0)) if flow else 0),
        )
        left[e["from"]], left[e["to"]] = left[e["from"]] - flow, left[e["to"]] + flow
        rise = at[e["to"]] - at[e["from"]] if at else price
        if flow < 0 or room < 0 or 0 < flow < F(e.get("minimum", 0)):
            yield f"{e['id']}: carries more than it may, or less"
        if (room and rise > price) or (flow and rise < price):
            yield f"{e['id']}: is not used where it would be cheaper, or is where it is dearer"
    asked = {d["node"]: F(d["value"]) for d in problem["changes"]}
    if flows or any(left[n] != asked.get(n, ZERO) for n in {*left, *asked}) or cost != F(plan["cost"]):
        yield "the flows are of unknown edges, do not bring what was asked, or cost other than the plan says"
    if F(plan["bound"]) > cost or (at and F(plan["bound"]) != cost):
        yield f"bound: the plan says {plan['bound']}, and its flows cost {float(cost)}"


def told(field: Field, plan: Json) -> Iterator[str]:
    """Whether costs are told as they are: by leg and kind what is lost, and in all."""
    whole, kinds = ZERO, defaultdict[str, F](F)
    for leg in plan["legs"]:
        lost = -sum(F(c["amount"]) * field.price[c["asset"]] for c in leg["changes"])
        whole += lost
        for kind, n in leg["costs"].items():
            kinds[kind] += F(n)
        if lost != sum(F(n) for n in leg["costs"].values()):
            yield f"{leg['id']}: its costs are not what it loses"
    if whole != F(plan["cost"]) or any(F(n) != kinds[kind] for kind, n in plan["costs"].items()):
        yield "cost: it is not what the legs lose"


def ended(field: Field, plan: Json) -> Iterator[str]:
    """Whether weights and what is missed are told as they are: lots and least sizes alone may leave a target."""
    end, spare = defaultdict(F, field.there), field.nav / BPS
    for c in [c for leg in plan["legs"] for c in leg["changes"]]:
        end[c["account"], c["asset"]] += F(c["amount"]) * field.price[c["asset"]]
        spare += 2 * field.unit[c["asset"]] * field.price[c["asset"]]
    spare += 3 * sum(max(field.rule[name]) * field.price[asset] for name, asset in field.asset.items())
    after, shares = sum(end.values()), defaultdict[str, F](F)
    for place, n in end.items():
        shares[place[1]] += n / after if after else ZERO
    weights = {asset: F(n) * 10**12 for asset, n in plan["weights"].items()}
    if any(weights.get(asset, ZERO) != round(shares[asset] * 10**12) for asset in {*weights, *shares}):
        yield "weights: they are not those of the plan's end"
    for a in [
        a for a in field.problem["accounts"] if "max_value" in a and f"ceiling {a['id']}" not in plan["breached"]
    ]:
        if sum(n for place, n in end.items() if place[0] == a["id"]) > F(a["max_value"]):
            yield f"ceiling {a['id']}: it does not hold at the end"
    missing = {x["asset"] for x in plan["unmet"]}
    for name, _, edge, sign in promises(field, {*end}):
        kind, _, asset = name.partition(" ")
        if kind in ("low", "high") and asset not in missing and sign * (edge - shares[asset]) * after > spare:
            yield f"{asset}: it stays away from its target, and is not named as unmet"


def timed(field: Field, plan: Json) -> Iterator[str]:
    """Whether the figures that follow from others do."""
    ends: dict[str, int] = {}
    for leg in sorted(plan["legs"], key=lambda x: x["wave"]):
        ends[leg["id"]] = leg["latency_s"] + max([ends[n] for n in leg["needs"]], default=0)
        if leg["latency_s"] != field.links.get(leg["market"], {}).get("latency_s", 0):
            yield f"{leg['id']}: its latency is another"
    if plan["latency_s"] != max(ends.values(), default=0) or F(plan["gap"]) != F(plan["cost"]) - F(plan["bound"]):
        yield "latency_s or gap: they do not follow from the rest"


def check(plan: Json) -> list[str]:
    """What is wrong with a plan, in sentences; empty if all of it holds. One that could not be made claims nothing."""
    if plan["status"] == "infeasible":
        return []
    if "potentials" in plan["certificate"]:
        return list(shipped(plan["certificate"]["problem"], plan))
    field = Field(plan["certificate"]["problem"])
    legs = {x["market"] if x["kind"] == "transfer" else f"{x['market']} {x['side']}": x for x in plan["legs"]}
    wrong = [] if len(legs) == len(plan["legs"]) else ["two legs are of the same market and side"]
    wrong += [fault for name, leg in legs.items() for fault in sendable(field, name, leg)]
    wrong += wrong or paid(field, legs)
    return wrong or [*proven(field, plan), *told(field, plan), *ended(field, plan), *timed(field, plan)]


if __name__ == "__main__":
    try:
        faults = check(json.load(sys.stdin))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        sys.stderr.write(f"stdin: is no plan of `trimtab solve`: {type(error).__name__}: {error}\n")
        sys.exit(2)
    sys.stdout.write("\n".join(faults or ["the plan holds"]) + "\n")
    sys.exit(bool(faults))
