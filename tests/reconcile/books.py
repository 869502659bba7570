"""Looks at a fund of two accounts, and what was booked between them, for tests of reconciliation."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from msgspec.structs import replace

from tests.execute import trading
from trimtab.model.accounts import Account, Managed
from trimtab.model.holdings import Balance, Snapshot, Stage, Transfer, Transit, Unknown
from trimtab.model.ledger import Terms
from trimtab.model.orders import Fill, Side
from trimtab.model.plans import Costs
from trimtab.model.runs import Ended, Residual, RunState
from trimtab.units import canon

D = Decimal
T0 = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
T1 = T0 + timedelta(minutes=10)
NONE = Costs(fee=D(0), spread=D(0), impact=D(0))


def terms(managed: Managed = Managed.EXCLUSIVE) -> Terms:
    """Accounts `main` and `side` at one venue; `side` may be shared."""
    law = trading.terms()
    accounts = (Account(id="main", venue="north"), Account(id="side", venue="north", managed=managed))
    return replace(law, policy=replace(law.policy, accounts=accounts))


def look(at: datetime, *, unread: tuple[str, ...] = (), **amounts: str) -> Snapshot:
    """What is there: `main_BTC="1"`, and which accounts could not be read."""
    pairs = sorted((name.split("_")[0], name.split("_")[1], D(amount)) for name, amount in amounts.items())
    held = tuple(Balance(account=a, asset=s, total=n, free=n, as_of=at) for a, s, n in pairs)
    return Snapshot(at=at, balances=held, unknown=tuple(Unknown(account=a, because="no answer") for a in unread))


def fill(
    side: Side = Side.BUY,
    amount: str = "1",
    price: str = "60000",
    *,
    fee: str = "0",
    fee_asset: str = "USDT",
    name: str = "f1",
    account: str = "main",
    at: datetime = T0 + timedelta(minutes=1),
) -> Fill:
    """A trade of BTC for USDT."""
    return Fill(
        id=name,
        order_id="o" + name,
        account=account,
        instrument="north:BTC/USDT",
        side=side,
        amount=D(amount),
        price=D(price),
        fee=D(fee),
        fee_asset=fee_asset,
        at=at,
    )


def ended(*fills: Fill, state: RunState = RunState.ENDED, residuals: tuple[Residual, ...] = ()) -> Ended:
    """A run with these fills."""
    paid = Costs(fee=D(3), spread=D(2), impact=D("0.5"))
    return Ended(plan_hash="", state=state, at=T1, fills=fills, residuals=residuals, paid=paid)


def transit(amount: str = "10") -> Transit:
    """Money on its way from main to side."""
    return Transit(id="t1", asset="USDT", amount=D(amount), source="main", target="side", stage=Stage.SENT, since=T0)


def transfer(*, debited: datetime = T0 + timedelta(minutes=1), credited: datetime | None = None) -> Transfer:
    """11 USDT from main to side for a fee of 1."""
    return Transfer(
        id="t1",
        asset="USDT",
        amount=D(11),
        fee=D(1),
        source="main",
        target="side",
        stage=Stage.SENT if credited is None else Stage.TRADABLE,
        debited_at=debited,
        credited_at=credited,
    )


AMOUNTS = st.decimals("0.00000001", "1000", places=8).map(canon)
FILLS = st.lists(
    st.builds(
        lambda side, amount, price, fee, asset, n: fill(
            side, str(amount), str(price), fee=str(fee), fee_asset=asset, name=f"f{n}"
        ),
        st.sampled_from(list(Side)),
        AMOUNTS,
        st.decimals("0.01", "99999", places=2).map(canon),
        st.decimals("-1", "1", places=8).map(canon),
        st.sampled_from(["BTC", "USDT", "BNB"]),
        st.integers(0, 10**6),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)
