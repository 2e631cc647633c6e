"""Links between issues, and from issues to elsewhere."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_object
from bridge.sandbox.jira import events
from bridge.sandbox.jira.comments import add_comment
from bridge.sandbox.jira.site import NO_ISSUE, Call
from bridge.sandbox.jira.state import Issue, Link
from bridge.sandbox.jira.world import LINK_TYPES, LinkType


def _link_type(sent: JSON) -> LinkType:
    wanted = as_object(sent)
    for kind in LINK_TYPES:
        if str(wanted.get("id", "")) == kind.id or wanted.get("name") == kind.name:
            return kind
    raise Declined(404, f"No issue link type with name '{wanted.get('name')}' found.")


def _end(call: Call, sent: JSON) -> Issue:
    wanted = as_object(sent)
    found = call.state.issue(str(wanted.get("key") or wanted.get("id") or ""))
    if found is None:
        raise Declined(404, NO_ISSUE)
    return found


def add_link(call: Call, sent: dict[str, JSON], inward: Issue, outward: Issue) -> Link:
    """Linking the same two issues in the same way again changes nothing, as in Jira."""
    kind = _link_type(sent.get("type"))
    for link in inward.links.values():
        if (link.type, link.inward, link.outward) == (kind, inward, outward):
            return link
    link = call.state.add_link(kind, inward, outward)
    for issue in (inward, outward):
        call.state.touch(issue, call.now)
    events.link_created(call, link)
    return link


def check_link(call: Call, sent: dict[str, JSON]) -> None:
    """Raises Declined when the type or the other side of a link in `update` does not exist."""
    _link_type(sent.get("type"))
    _end(call, sent.get("outwardIssue", sent.get("inwardIssue")))


def add_link_from(call: Call, issue: Issue, sent: dict[str, JSON]) -> None:
    """A link asked for in an issue's own `update`: the body names only the other side."""
    if "outwardIssue" in sent:
        add_link(call, sent, issue, _end(call, sent["outwardIssue"]))
    else:
        add_link(call, sent, _end(call, sent.get("inwardIssue")), issue)


def create_link(call: Call) -> Answer:
    sent = call.request.object()
    inward, outward = _end(call, sent.get("inwardIssue")), _end(call, sent.get("outwardIssue"))
    add_link(call, sent, inward, outward)
    if sent.get("comment"):
        comment = add_comment(call, inward, as_object(sent["comment"]))
        events.comment_event(call, "comment_created", comment)
    # Cloud's description promises a JSON body here, Data Center's none.
    return answer({}, 201) if call.site.cloud else Answer(201)


def _link(call: Call) -> Link:
    found = call.state.links.get(call.arguments[0])
    if found is None:
        raise Declined(404, f"No issue link with id '{call.arguments[0]}' exists.")
    return found


def get_link(call: Call) -> Answer:
    return answer(call.view.link(_link(call)))


def delete_link(call: Call) -> Answer:
    call.state.delete_link(_link(call))
    return NO_CONTENT


def list_link_types(call: Call) -> Answer:
    return answer({"issueLinkTypes": [call.view.link_type(kind) for kind in LINK_TYPES]})


def get_link_type(call: Call) -> Answer:
    return answer(call.view.link_type(_link_type({"id": call.arguments[0]})))


# Remote links


def _remote(call: Call, issue: Issue, number: int) -> JSON:
    link = f"{call.view.rest}/issue/{issue.key}/remotelink/{number}"
    return {"id": number, "self": link, **issue.remote_links[number]}


def list_remote_links(call: Call) -> Answer:
    issue = call.issue()
    wanted = call.request.option("globalId")
    if not wanted:
        return answer([_remote(call, issue, number) for number in issue.remote_links])
    for number, link in issue.remote_links.items():
        if link.get("globalId") == wanted:
            return answer(_remote(call, issue, number))
    raise Declined(404, f"No remote link with globalId '{wanted}' exists.")


def _read_remote(call: Call) -> dict[str, JSON]:
    sent = call.request.object()
    target = as_object(sent.get("object"))
    errors = {name: f"'{name}' is required." for name in ("url", "title") if not target.get(name)}
    if errors:
        raise Declined(400, errors=errors)
    known = ("globalId", "application", "relationship", "object")
    return {name: sent[name] for name in known if name in sent}


def put_remote_link(call: Call) -> Answer:
    """Creates, or replaces the one with the same globalId.

    201 and 200 on Cloud; Data Center's description knows only 200.
    """
    issue = call.issue()
    sent = _read_remote(call)
    same = [
        number
        for number, link in issue.remote_links.items()
        if sent.get("globalId") and link.get("globalId") == sent["globalId"]
    ]
    number = same[0] if same else int(call.state.next_id("remote link"))
    issue.remote_links[number] = sent
    link = f"{call.view.rest}/issue/{issue.key}/remotelink/{number}"
    return answer({"id": number, "self": link}, 201 if call.site.cloud and not same else 200)


def _number(call: Call, issue: Issue) -> int:
    text = call.arguments[1]
    if not text.isdecimal() or int(text) not in issue.remote_links:
        raise Declined(404, f"The remote issue link with id {text} does not exist.")
    return int(text)


def get_remote_link(call: Call) -> Answer:
    issue = call.issue()
    return answer(_remote(call, issue, _number(call, issue)))


def edit_remote_link(call: Call) -> Answer:
    issue = call.issue()
    issue.remote_links[_number(call, issue)] = _read_remote(call)
    return NO_CONTENT


def delete_remote_link(call: Call) -> Answer:
    issue = call.issue()
    del issue.remote_links[_number(call, issue)]
    return NO_CONTENT


def delete_remote_by_global_id(call: Call) -> Answer:
    issue = call.issue()
    wanted = call.request.option("globalId")
    found = [n for n, link in issue.remote_links.items() if link.get("globalId") == wanted]
    if not wanted or not found:
        raise Declined(404, f"No remote link with globalId '{wanted}' exists.")
    for number in found:
        del issue.remote_links[number]
    return NO_CONTENT
