"""One byte form: construction refuses what is not canonical, and bytes survive the round trip."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import units
from trimtab.model.canonical import Noun, decode, digest, encode
from trimtab.model.holdings import Balance
from trimtab.model.ledger import KINDS, Draft

D = Decimal
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def balance(total: str = "1.5", as_of: datetime = NOON) -> Balance:
    return Balance(account="main", asset="BTC", total=D(total), free=D(0), as_of=as_of)


@pytest.mark.parametrize("bad", ["1.50", "0E-8", "-0", "NaN", "Infinity", "1E+2", "10E-8", "0.00", "sNaN", "-0.0"])
def test_a_noun_refuses_a_decimal_that_is_not_canonical(bad: str) -> None:
    with pytest.raises(ValueError, match=r"Balance\.total"):
        balance(total=bad)


def test_a_noun_refuses_a_time_that_is_not_utc() -> None:
    with pytest.raises(ValueError, match=r"Balance\.as_of"):
        balance(as_of=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match=r"Balance\.as_of"):
        balance(as_of=NOON.astimezone(timezone(timedelta(hours=1))))


def test_stored_bytes_that_are_not_canonical_are_refused_when_read() -> None:
    with pytest.raises(msgspec.ValidationError, match="not canonical"):
        decode(encode(balance()).replace(b'"1.5"', b'"1.50"'), Balance)


def test_the_bytes_are_sorted_by_key_and_plain() -> None:
    assert encode(balance(total="1E-8")) == (
        b'{"account":"main","as_of":"2024-01-01T12:00:00Z","asset":"BTC","free":"0","total":"1E-8"}'
    )


def test_a_noun_that_gains_a_field_keeps_its_bytes_and_reads_the_old_ones() -> None:
    class Before(Noun, frozen=True, kw_only=True):
        name: str

    class After(Noun, frozen=True, kw_only=True):
        name: str
        rights: tuple[str, ...] = ()

    old = encode(Before(name="main"))
    assert encode(After(name="main")) == old
    assert decode(old, After) == After(name="main")


def test_an_unknown_field_is_refused_when_read() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        decode(encode(balance())[:-1] + b',"x":1}', Balance)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=D("-1e40"), max_value=D("1e40")))
def test_every_canonical_number_is_accepted_and_comes_back_equal_and_with_the_same_hash(value: Decimal) -> None:
    noun = balance(total=str(units.canon(value)))
    again = decode(encode(noun), Balance)
    assert again == noun
    assert encode(again) == encode(noun)
    assert digest(again) == digest(noun)


def nouns(kind: object) -> tuple[type[Noun], ...]:
    """The noun, or each of a union's nouns."""
    members = get_args(kind) or (kind,)
    return tuple(m for m in members if isinstance(m, type) and issubclass(m, Noun))


def test_every_kind_of_entry_is_a_noun_without_floats_or_mappings() -> None:
    for name, kind in KINDS.items():
        assert nouns(kind), name
        for noun in nouns(kind):
            assert_plain(msgspec.inspect.type_info(noun), name)


def assert_plain(info: msgspec.inspect.Type, where: str) -> None:
    forbidden = (msgspec.inspect.FloatType, msgspec.inspect.DictType, msgspec.inspect.SetType, msgspec.inspect.ListType)
    assert not isinstance(info, forbidden), where
    if isinstance(info, msgspec.inspect.StructType):
        assert issubclass(info.cls, Noun), where
        assert info.cls.__struct_config__.frozen, where
        assert info.cls.__struct_config__.forbid_unknown_fields, where
        for field in info.fields:
            assert_plain(field.type, f"{where}.{field.name}")
    elif isinstance(info, msgspec.inspect.VarTupleType):
        assert_plain(info.item_type, where)
    elif isinstance(info, msgspec.inspect.UnionType):
        for member in info.types:
            assert_plain(member, where)


def test_bytes_in_a_draft_stay_bytes() -> None:
    draft = Draft(cycle="1", kind="opened", body=b"{}")
    assert decode(encode(draft), Draft) == draft
