"""The ledger, its leases, and the tables derived from it.

A migration repeats what it makes and never imports `schema`, which goes on changing. The table `entries` is never
altered in batch mode: that drops its triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

FOLLOW = """\
CREATE TRIGGER entries_follow BEFORE INSERT ON entries
WHEN NEW.seq IS NOT coalesce((SELECT max(seq) FROM entries), 0) + 1
BEGIN SELECT RAISE(ABORT, 'the ledger only grows at its end'); END"""

STAY = """\
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END"""

REMAIN = """\
CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never removed'); END"""


def upgrade() -> None:
    """Make every table of the first version."""
    _make_ledger()
    _make_derived()
    for trigger in (FOLLOW, STAY, REMAIN):
        op.execute(trigger)


def _make_ledger() -> None:
    op.create_table(
        "entries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("cycle", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("body", sa.BLOB, nullable=False),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("entries_cycle", "entries", ["cycle"])
    op.create_index("entries_kind", "entries", ["kind"], sqlite_where=sa.text("kind NOT IN ('happened', 'intended')"))
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("expires", sa.Text, nullable=False),
    )


def _make_derived() -> None:
    op.create_table(
        "cycles",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.Column("closed_at", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("first_seq", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("seal", sa.Text, nullable=False),
    )
    texts = ("fund", "triggered_at", "trigger_type", "reasons", "weights_before", "weights_target")
    sums = ("weights_after", "total_trade_volume_usd", "total_cost_usd", "fee_usd", "spread_usd", "impact_usd")
    ends = ("execution_status", "trades", "approvals", "plan_hash", "seal")
    op.create_table(
        "rebalancing_events",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Text) for name in sums),
        *(sa.Column(name, sa.Text, nullable=False) for name in ends),
    )
