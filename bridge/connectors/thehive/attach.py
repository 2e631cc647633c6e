"""attach: a file, once, recognised by its name and its bytes."""

from __future__ import annotations

import hashlib

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object
from bridge.connectors.filename import file_name
from bridge.connectors.parameters import Attach
from bridge.connectors.thehive.client import TheHive, case_key, case_path
from bridge.errors import TryAgain


async def attach(thehive: TheHive, call: Call[Attach]) -> Outcome:
    """TheHive tells a file's SHA-256, so that a retry knows its own by it, and by the name."""
    name, data = file_name(call.parameters.filename), call.parameters.data()
    if call.may_exist:
        digest = hashlib.sha256(data).hexdigest()
        key = case_key(call.parameters.ticket)
        async for one in thehive.parts("getCase", key, "attachments"):
            if one.get("name") == name and digest in as_list(one.get("hashes")):
                return Outcome({"id": str(one.get("_id"))}, found=True)
    path = f"/api/v1{case_path(call.parameters.ticket)}/attachments"
    answer = await thehive.site.upload(path, name, data, {}, part_name="attachments")
    made = as_list(as_object(answer).get("attachments"))
    if not made or not as_object(made[0]).get("_id"):
        raise TryAgain("TheHive's answer to the upload names none", may_have_happened=True)
    return Outcome({"id": str(as_object(made[0])["_id"])})
