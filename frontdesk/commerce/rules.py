"""The rules of `policy.toml` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import tomllib

from frontdesk.commerce.errors import ShopSettingsError

POLICY = Path(__file__).with_name("policy.toml")


@dataclass(frozen=True)
class CancellationRules:
    open_states: tuple[str, ...]
    minutes_after_ordering: Mapping[str, int]
    two_man_hours_before_slot: int
    two_man_late_price: Decimal
    made_to_order_hours_after_ordering: int
    until_dispatch_tags: tuple[str, ...]
    until_collection_services: tuple[str, ...]


@dataclass(frozen=True)
class AddressRules:
    countries: tuple[str, ...]
    zones: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ReturnRules:
    window_days: Mapping[str, int]
    reduced_window_days: int
    reduced_tags: tuple[str, ...]
    mattress_min_nights: int
    mattress_max_nights: int
    presents_from: str
    presents_to: str
    presents_until: str
    final_sale_tags: tuple[str, ...]
    hand_in_days: int
    label_price: Decimal
    label_free_tiers: tuple[str, ...]
    collection_price: Decimal
    collection_price_gold: Decimal
    own_reasons: tuple[str, ...]
    fault_reasons: tuple[str, ...]
    fault_days: int
    conditions: Mapping[str, str]


@dataclass(frozen=True)
class ExchangeRules:
    free_times: int
    not_for_tags: tuple[str, ...]


@dataclass(frozen=True)
class PersonRules:
    order_above: Decimal
    return_above: Decimal


@dataclass(frozen=True)
class ReorderRules:
    max_of_one_article: int
    max_articles: int
    not_for_tags: tuple[str, ...]


@dataclass(frozen=True)
class WarrantyRules:
    default_years: int
    refurbished_years: int
    years: Mapping[str, int]


@dataclass(frozen=True)
class VerificationRules:
    identify_tries: int
    order_tries: int
    tries_minutes: int
    code_digits: int
    code_minutes: int
    code_tries: int
    codes_each: int
    trust_minutes: int
    proposal_minutes: int


@dataclass(frozen=True)
class Policy:
    """Everything in `policy.toml`; the sections bear their names there."""

    cancellation: CancellationRules
    address: AddressRules
    returns: ReturnRules
    exchange: ExchangeRules
    person: PersonRules
    reorder: ReorderRules
    warranty: WarrantyRules
    verification: VerificationRules


_SECTIONS: dict[str, type] = {
    "cancellation": CancellationRules,
    "address": AddressRules,
    "returns": ReturnRules,
    "exchange": ExchangeRules,
    "person": PersonRules,
    "reorder": ReorderRules,
    "warranty": WarrantyRules,
    "verification": VerificationRules,
}


def read_policy(path: Path = POLICY) -> Policy:
    """The policy in a file.

    Raises:
        ShopSettingsError: It cannot be read, or a rule is missing, unknown or has no
            usable value.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ShopSettingsError(
            f"The policy {str(path)!r} cannot be read: {error}. Correct the file."
        ) from error
    parts = {
        name: _section(path, name, kind, given.pop(name, {}))
        for name, kind in _SECTIONS.items()
    }
    if given:
        raise ShopSettingsError(
            f"The policy {str(path)!r} has an unknown section {min(given)!r}; "
            f"the sections are {', '.join(_SECTIONS)}."
        )
    return Policy(**parts)


def _section(path: Path, name: str, kind: type, given: dict[str, Any]) -> Any:
    names = {field.name: str(field.type) for field in fields(kind)}
    if names.keys() != given.keys():
        odd = min(names.keys() ^ given.keys())
        what = "lacks" if odd in names else "has an unknown rule"
        raise ShopSettingsError(
            f"Section {name!r} of the policy {str(path)!r} {what} {odd!r}."
        )
    try:
        return kind(**{key: _value(given[key], names[key]) for key in names})
    except (TypeError, ValueError, InvalidOperation) as error:
        raise ShopSettingsError(
            f"A rule in section {name!r} of the policy {str(path)!r} has no usable "
            f"value: {error}."
        ) from error


def _value(value: Any, kind: str) -> Any:
    if kind == "int" and (not isinstance(value, int) or value < 0):
        raise ValueError(f"{value!r} is no whole number")
    if kind == "Decimal":
        return Decimal(value)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {
            key: tuple(inner) if isinstance(inner, list) else inner
            for key, inner in value.items()
        }
    return value
