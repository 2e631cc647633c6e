"""The settings of a `cases-webhook` integration: Kibana's fields, and ours."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.connectors.cases_webhook.templates import (
    COMMENT,
    MARK,
    OF_CASE,
    OF_INCIDENT,
    check_json,
    check_variables,
    variables_in,
)
from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

Method = Literal["post", "put", "patch"]

CREATE_JSON = """\
{"id": {{{case.id}}}, "title": {{{case.title}}}, "description": {{{case.description}}},
 "tags": {{{case.tags}}}, "severity": {{{case.severity}}}, "status": {{{case.status}}}}"""
UPDATE_JSON = """\
{"title": {{{case.title}}}, "description": {{{case.description}}},
 "tags": {{{case.tags}}}, "severity": {{{case.severity}}}, "status": {{{case.status}}}}"""
COMMENT_JSON = """\
{"body": {{{case.comment}}}, "comment_id": {{{mark}}}}"""

URLS: dict[str, tuple[str, ...]] = {
    "create_incident_url": (),
    "get_incident_url": ("external.system.id",),
    "view_incident_url": OF_INCIDENT,
    "update_incident_url": OF_INCIDENT,
    "create_comment_url": OF_INCIDENT,
    "find_incident_url": ("case.id", MARK),
    "find_comment_url": (*OF_INCIDENT, MARK),
}
BODIES: dict[str, tuple[str, ...]] = {
    "create_incident_json": (*OF_CASE, MARK),
    "update_incident_json": (*OF_CASE, *OF_INCIDENT, MARK),
    "create_comment_json": (COMMENT, "case.id", "case.title", *OF_INCIDENT, MARK),
}
"""Which variables each template knows."""


class CasesWebhookAuth(Credentials):
    """Either `token` (sent as bearer), or `username` and `password`."""

    ways = (Way("token"), Way("password", "username"))

    token: SecretStr | None = Field(None, description="Sent as bearer.")
    username: str = Field("", description="For basic authentication.")
    password: SecretStr | None = Field(None, description="For basic authentication.")


class CasesWebhookSettings(BaseModel):
    """What an integration of type `cases-webhook` needs to know.

    Addresses begin with `base_url`, or with a slash and are meant below it. In templates
    `{{{case.title}}}` and its like stand for a value, in JSON without quotes around them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        description="What all addresses begin with; credentials go nowhere else."
    )
    auth: CasesWebhookAuth | None = Field(None, description="Else the headers prove who we are.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Sent with every request; taken for secrets."
    )
    create_incident_url: str = Field("/cases", description="Where a case is made.")
    create_incident_method: Method = Field("post", description="How it is made.")
    create_incident_json: str = Field(
        CREATE_JSON,
        description="What is sent; knows case.id, case.title, case.description, case.tags, "
        "case.severity, case.status, and mark, which belongs to the case for ever.",
    )
    create_incident_response_key: str = Field(
        "id", min_length=1, description="Where the answer has the id, such as data.id."
    )
    get_incident_url: str = Field(
        "/cases/{{{external.system.id}}}", description="Where one is read; knows the id."
    )
    get_incident_response_external_title_key: str = Field(
        "title", min_length=1, description="Where that answer has its title."
    )
    view_incident_url: str = Field(
        "/cases/{{{external.system.id}}}",
        description="Where a person opens it; knows external.system.id and external.system.title.",
    )
    update_incident_url: str = Field("/cases/{{{external.system.id}}}", description="To change it.")
    update_incident_method: Method = Field("put", description="How it is changed.")
    update_incident_json: str = Field(
        UPDATE_JSON, description="What is sent; sent only when it is not what was sent last."
    )
    create_comment_url: str = Field(
        "/cases/{{{external.system.id}}}/comment",
        description="Where a comment is added; empty where there is nothing of the kind.",
    )
    create_comment_method: Method = Field("put", description="How it is added.")
    create_comment_json: str = Field(
        COMMENT_JSON, description="What is sent; knows case.comment, and mark, the comment's own."
    )
    find_incident_url: str = Field(
        "",
        description="Where to look whether a case is there already, by case.id or by a mark that "
        "the create has left; 404 is a no. Such as a search.",
    )
    find_incident_response_key: str = Field(
        "id", min_length=1, description="Where that answer has the id, such as issues.0.id."
    )
    find_comment_url: str = Field(
        "", description="An answer in which a comment's mark stands somewhere once it is there."
    )
    in_doubt: Literal["stop", "repeat"] = Field(
        "stop",
        description="After a lost answer, where nobody can look: stop and say so, or repeat, "
        "because the target takes a repeat for the same.",
    )
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a request may take.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """All templates at once, each mistake with its setting's name."""
        wrong = [*self._wrong_urls(), *self._wrong_bodies()]
        made = variables_in(self.create_incident_json)
        if self.find_incident_url and not made & {"case.id", MARK}:
            wrong.append("create_incident_json: needs case.id or mark, so that it can be found")
        if self.find_comment_url and MARK not in variables_in(self.create_comment_json):
            wrong.append("create_comment_json: needs mark, so that it can be found")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_urls(self) -> list[str]:
        wrong = []
        for name, known in URLS.items():
            template = str(getattr(self, name))
            try:
                check_variables(template, known)
                self.path(template)
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        return wrong

    def _wrong_bodies(self) -> list[str]:
        wrong = []
        for name, known in BODIES.items():
            try:
                check_json(str(getattr(self, name)), known)
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        return wrong

    def path(self, template: str) -> str:
        """What stands behind `base_url`. Raises ValueError for another place."""
        path = template.removeprefix(self.base_url) if template else "/"
        if not path.startswith(("/", "?")):
            raise ValueError(f"must begin with {self.base_url} or with a slash")
        return path
