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


async def count_rules(
    tx: Transaction,
    tenant: str,
    matched: Mapping[str, int],
    errors: Mapping[str, str],
    now: int,
) -> None:
    """Adds what one batch of events did: matches by rule, and an error's text by rule."""
    for rule in sorted({*matched, *errors}):
        hits = matched.get(rule, 0)
        error = errors.get(rule, "")
        await tx.run(
            "INSERT INTO rule_counts (tenant, rule, matched, errors, last_matched_at,"
            " last_error_at, last_error) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (tenant, rule) DO UPDATE SET"
            " matched = rule_counts.matched + excluded.matched,"
            " errors = rule_counts.errors + excluded.errors,"
            " last_matched_at = coalesce(excluded.last_matched_at, rule_counts.last_matched_at),"
            " last_error_at = coalesce(excluded.last_error_at, rule_counts.last_error_at),"
            " last_error = CASE WHEN excluded.errors > 0 THEN excluded.last_error"
            " ELSE rule_counts.last_error END",
            tenant,
            rule,
            hits,
            1 if error else 0,
            now if hits else None,
            now if error else None,
            error,
        )


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
