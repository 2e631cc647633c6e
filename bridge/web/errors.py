"""Which HTTP status each error has, in one table, and the one shape of a JSON error."""

from __future__ import annotations

import json
import math
import os
from itertools import count

from bridge.errors import (
    BackendFailed,
    BridgeError,
    Conflict,
    ConnectorError,
    FieldsRefused,
    GiveUp,
    Invalid,
    KeyRefused,
    Malformed,
    NoKeys,
    NoSuchSource,
    NotFound,
    NotOfKind,
    ProofRefused,
    PushFailed,
    RateExceeded,
    Refused,
    RequestRefused,
    RoleRefused,
    SenderUnreachable,
    StoreError,
    StoreFull,
    TooLarge,
    TooSlow,
    TryAgain,
    UnsupportedMediaType,
    VaultClosed,
)

STATUSES: dict[type[BaseException], int] = {
    Malformed: 400,
    ProofRefused: 401,
    NoSuchSource: 404,
    NotFound: 404,
    NotOfKind: 400,
    TooSlow: 408,
    TooLarge: 413,
    UnsupportedMediaType: 415,
    Invalid: 422,
    KeyRefused: 401,
    RoleRefused: 403,
    Conflict: 409,
    PushFailed: 424,
    FieldsRefused: 422,
    RateExceeded: 429,
    NoKeys: 503,
    VaultClosed: 503,
    BackendFailed: 500,
    TryAgain: 503,
    GiveUp: 502,
    RequestRefused: 400,
    SenderUnreachable: 503,
    Refused: 400,
    StoreError: 503,
    BridgeError: 500,
}
"""The nearest class above an error decides. What is not here at all is a mistake of ours: 500."""

TRY_AGAIN_SECONDS = 5
"""`Retry-After` where a system that is called names no time of its own."""

STORE_DOWN_SECONDS = 10
"""`Retry-After` while the store refuses to write: a person has to look, which takes a while."""

CODES: dict[type[BaseException], str] = {
    NotFound: "not_found",
    NotOfKind: "wrong_file",
    Invalid: "invalid",
    KeyRefused: "unauthorized",
    RoleRefused: "forbidden",
    Conflict: "conflict",
    PushFailed: "push_failed",
    FieldsRefused: "invalid",
    RateExceeded: "rate_limited",
    NoKeys: "no_keys",
    VaultClosed: "vault_closed",
    BackendFailed: "backend_failed",
    TryAgain: "try_again",
    GiveUp: "backend_refused",
    RequestRefused: "bad_request",
}
"""One word for programs, for the errors that carry none themselves."""

BAD_PROOF_SECONDS = 60
"""`Retry-After` for a source with `on_bad_signature: retry`: the secret has to be mended."""

_process = os.urandom(4).hex()
_numbers = count(1)


def new_request_id() -> str:
    """A name for one request, unique over restarts: `req_9f86d081000001`."""
    return f"req_{_process}{next(_numbers):06x}"


def status_of(error: BaseException) -> int:
    """The status of an answer that reports this error."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def code_of(error: BaseException) -> str:
    """One word for programs, such as `signature_mismatch`."""
    if isinstance(error, Refused):
        return error.reason
    if isinstance(error, StoreFull):
        return "busy"
    if isinstance(error, StoreError):
        return "store_unavailable"
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), "internal_error")


def message_of(error: BaseException) -> str:
    """What a stranger may read. The store's own words name files, so they stay in the log."""
    if isinstance(error, StoreFull):
        return "too many deliveries are waiting; send it again later"
    if isinstance(error, StoreError):
        return "the event could not be stored; send it again later"
    if isinstance(error, Refused | RequestRefused | NotFound | NotOfKind | Invalid | VaultClosed):
        return str(error)
    if isinstance(error, ConnectorError):
        return error.reason
    return "something went wrong here; the log has it under this requestId"


def retry_after_of(error: BaseException, status: int) -> int | None:
    """Seconds the sender should wait; None where waiting does not help."""
    if isinstance(error, RateExceeded):
        return error.retry_after_seconds
    if status != 503 or isinstance(error, NoKeys | VaultClosed):
        return None
    if isinstance(error, StoreFull):
        return error.retry_after_seconds
    if isinstance(error, TryAgain):
        return math.ceil(error.after_seconds or TRY_AGAIN_SECONDS)
    return STORE_DOWN_SECONDS if isinstance(error, StoreError) else BAD_PROOF_SECONDS


def error_body(code: str, message: str, request_id: str) -> bytes:
    """`{"error": {"code", "message"}, "requestId"}`, the shape of every error of ours."""
    value = {"error": {"code": code, "message": message}, "requestId": request_id}
    return json.dumps(value).encode()
