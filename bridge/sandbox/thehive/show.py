"""Everything as TheHive's API gives it."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.thehive.state import (
    BRIDGE,
    ORGANISATION,
    ORGANISATION_ID,
    Comment,
    Entity,
    File,
)

SEVERITIES = ("", "LOW", "MEDIUM", "HIGH", "CRITICAL")
TLP = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
PAP = ("CLEAR", "GREEN", "AMBER", "RED")
PERMISSIONS = (
    "manageAlert/create", "manageAlert/delete", "manageAlert/import", "manageAlert/update",
    "manageCase/create", "manageCase/delete", "manageCase/update", "manageComment",
)  # fmt: skip
VERSION = "5.7.3-1"


def entity(one: Entity) -> dict[str, JSON]:
    """A case or an alert."""
    values = dict(one.values)
    fields = values.pop("customFields", {})
    shown: dict[str, JSON] = {
        "_id": one.id,
        "_type": one.kind,
        "_createdBy": one.by,
        "_createdAt": one.created,
        **({"_updatedBy": one.updated_by, "_updatedAt": one.updated} if one.updated else {}),
        **values,
        "severityLabel": SEVERITIES[int(str(values["severity"]))],
        "tlpLabel": TLP[int(str(values["tlp"]))],
        "papLabel": PAP[int(str(values["pap"]))],
        "stage": one.stage,
        "customFields": custom_fields(fields),
        "extraData": {},
        "newDate": one.created,
        "timeToDetect": 0,
        **one.dates,
    }
    return shown | (_of_case(one) if one.kind == "Case" else _of_alert(one))


def custom_fields(fields: JSON) -> list[JSON]:
    if not isinstance(fields, dict):
        return []
    kinds = {bool: "boolean", int: "integer", float: "float"}
    return [
        {
            "_id": f"{name}:{value}",
            "name": name,
            "type": kinds.get(type(value), "string"),
            "value": value,
            "order": number,
        }
        for number, (name, value) in enumerate(fields.items())
    ]


def _of_case(one: Entity) -> dict[str, JSON]:
    return {
        "number": one.number,
        "startDate": one.values.get("startDate", one.created),
        "flag": one.values.get("flag", False),
        "access": {"_kind": "OrganisationAccessKind"},
        "userPermissions": list(PERMISSIONS),
    }


def _of_alert(one: Entity) -> dict[str, JSON]:
    return {"date": one.created, "follow": True, "observableCount": 0}


def comment(one: Comment) -> dict[str, JSON]:
    return {
        "_id": one.id,
        "_type": "Comment",
        "createdBy": one.by,
        "createdAt": one.at,
        "message": one.message,
        "isEdited": one.edited > 0,
        **({"updatedAt": one.edited} if one.edited else {}),
        "extraData": {},
        "external": False,
    }


def attachment(one: File) -> dict[str, JSON]:
    return {
        "_id": one.id,
        "_type": "Attachment",
        "_createdBy": one.by,
        "_createdAt": one.at,
        "name": one.name,
        "hashes": one.hashes,
        "size": len(one.content),
        "contentType": one.content_type,
        "id": one.hashes[0],
        "path": "",
        "extraData": {},
        "external": False,
    }


def user(login: str) -> dict[str, JSON]:
    place: dict[str, JSON] = {
        "organisationId": ORGANISATION_ID, "organisation": ORGANISATION, "profile": "analyst",
    }  # fmt: skip
    return {
        "_id": "~8192",
        "_createdBy": "admin@sandbox.example",
        "_createdAt": 1_700_000_000_000,
        "login": login,
        "name": login.partition("@")[0].capitalize(),
        "hasKey": True,
        "hasPassword": False,
        "hasMFA": False,
        "locked": False,
        "profile": "analyst",
        "permissions": list(PERMISSIONS),
        "organisation": ORGANISATION,
        "organisations": [{**place, "links": []}],
        "type": "Service" if login == BRIDGE else "Normal",
        "defaultOrganisation": ORGANISATION_ID,
        "extraData": {},
    }


def status() -> dict[str, JSON]:
    """The licence of a sandbox holds for ever."""
    return {
        "version": VERSION,
        "gitDescription": "sandbox",
        "connectors": {},
        "config": {},
        "license": {
            "id": "sandbox",
            "customer": "Sandbox (not a real TheHive)",
            "instance": "sandbox",
            "plan": "community",
            "kind": "perpetual",
            "validFrom": 1_700_000_000_000,
            "expiresAt": 4_100_000_000_000,
            "isValid": True,
            "quotas": {},
        },
    }
