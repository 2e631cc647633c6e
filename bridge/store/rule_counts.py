"""The table of rule counts: how often each rule matched, and its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Times are milliseconds UTC, or None when it never happened."""

    rule: str
    matched: int
    errors: int
    last_matched_at: int | None
    last_error_at: int | None
    last_error: str


@dataclass(slots=True)
class Tally:
    """What a batch of events did to one rule. error: the text of the last one."""

    matched: int = 0
    errors: int = 0
    error: str = ""


Tallies = dict[tuple[str, str], Tally]
"""By tenant and rule."""


def tally(
    tallies: Tallies, tenant: str, matched: Mapping[str, int], errors: Mapping[str, str]
) -> None:
    """Adds what one event did: matches by rule, and an error's text by rule."""
    for rule, hits in matched.items():
        tallies.setdefault((tenant, rule), Tally()).matched += hits
    for rule, error in errors.items():
        one = tallies.setdefault((tenant, rule), Tally())
        one.errors += 1
        one.error = error


async def count_rules(tx: Transaction, tallies: Tallies, now: int) -> None:
    """Adds what a batch of events did. Every transaction goes through the rules in one order, so
    that none waits for one which waits for it."""
    await tx.run_many(
        "INSERT INTO rule_counts (tenant, rule, matched, errors, last_matched_at,"
        " last_error_at, last_error) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, rule) DO UPDATE SET"
        " matched = rule_counts.matched + excluded.matched,"
        " errors = rule_counts.errors + excluded.errors,"
        " last_matched_at = coalesce(excluded.last_matched_at, rule_counts.last_matched_at),"
        " last_error_at = coalesce(excluded.last_error_at, rule_counts.last_error_at),"
        " last_error = CASE WHEN excluded.errors > 0 THEN excluded.last_error"
        " ELSE rule_counts.last_error END",
        [
            (
                tenant, rule, one.matched, one.errors, now if one.matched else None,
                now if one.errors else None, one.error,
            )
            for (tenant, rule), one in sorted(tallies.items(), key=lambda item: item[0])
        ],
    )  # fmt: skip


async def rule_counts(tx: Transaction, tenant: str) -> Sequence[RuleCount]:
    rows = await tx.rows(
        "SELECT rule, matched, errors, last_matched_at, last_error_at, last_error"
        " FROM rule_counts WHERE tenant = ? ORDER BY rule",
        tenant,
    )
    return [RuleCount(*row) for row in rows]


async def total_rule_counts(tx: Transaction) -> Mapping[str, RuleCount]:
    """By rule, for all tenants together; where several have an error, the text of one."""
    rows = await tx.rows(
        "SELECT rule, CAST(sum(matched) AS bigint), CAST(sum(errors) AS bigint),"
        " max(last_matched_at), max(last_error_at), max(last_error) FROM rule_counts GROUP BY rule"
    )
    return {row[0]: RuleCount(*row) for row in rows}
