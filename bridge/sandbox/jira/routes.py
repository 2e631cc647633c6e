"""Every path of the Jira stand-in, and the look-up among them."""

from __future__ import annotations

from bridge.sandbox.jira import (
    attachments,
    comments,
    createmeta,
    issues,
    links,
    meta,
    properties,
    registrations,
    search,
    workflow,
)
from bridge.sandbox.jira.show import Deployment
from bridge.sandbox.jira.site import Route, route

ROUTES = (
    route("POST", "issue", issues.create_issue),
    route("GET", "issue/{}", issues.get_issue),
    route("PUT", "issue/{}", issues.edit_issue),
    route("DELETE", "issue/{}", issues.delete_issue),
    route("POST", "issue/bulk", issues.create_issues),
    route("POST", "issue/bulkfetch", issues.fetch_issues, "cloud"),
    route("GET", "issue/createmeta", createmeta.create_meta),
    route("GET", "issue/createmeta/{}/issuetypes", createmeta.create_meta_types),
    route("GET", "issue/createmeta/{}/issuetypes/{}", createmeta.create_meta_fields),
    route("GET", "issue/{}/comment", comments.list_comments),
    route("POST", "issue/{}/comment", comments.create_comment),
    route("GET", "issue/{}/comment/{}", comments.get_comment),
    route("PUT", "issue/{}/comment/{}", comments.edit_comment),
    route("DELETE", "issue/{}/comment/{}", comments.delete_comment),
    route("GET", "issue/{}/transitions", workflow.list_transitions),
    route("POST", "issue/{}/transitions", workflow.make_transition),
    route("GET", "issue/{}/properties", properties.issue_keys),
    route("GET", "issue/{}/properties/{}", properties.issue_get),
    route("PUT", "issue/{}/properties/{}", properties.issue_put),
    route("DELETE", "issue/{}/properties/{}", properties.issue_delete),
    route("POST", "issue/{}/attachments", attachments.add_attachments),
    route("GET", "issue/{}/remotelink", links.list_remote_links),
    route("POST", "issue/{}/remotelink", links.put_remote_link),
    route("DELETE", "issue/{}/remotelink", links.delete_remote_by_global_id),
    route("GET", "issue/{}/remotelink/{}", links.get_remote_link),
    route("PUT", "issue/{}/remotelink/{}", links.edit_remote_link),
    route("DELETE", "issue/{}/remotelink/{}", links.delete_remote_link),
    route("PUT", "issue/{}/assignee", issues.set_assignee),
    route("GET", "issue/{}/changelog", issues.list_changes, "cloud"),
    route("GET", "issue/{}/editmeta", issues.edit_meta),
    route("POST", "issue/{}/notify", issues.notify),
    route("GET", "issue/{}/watchers", issues.get_watchers),
    route("POST", "issue/{}/watchers", issues.add_watcher),
    route("DELETE", "issue/{}/watchers", issues.remove_watcher),
    route("POST", "comment/list", comments.comments_by_id, "cloud"),
    route("GET", "comment/{}/properties", properties.comment_keys),
    route("GET", "comment/{}/properties/{}", properties.comment_get),
    route("PUT", "comment/{}/properties/{}", properties.comment_put),
    route("DELETE", "comment/{}/properties/{}", properties.comment_delete),
    route("GET", "attachment/meta", attachments.attachment_meta),
    route("GET", "attachment/{}", attachments.get_attachment),
    route("DELETE", "attachment/{}", attachments.delete_attachment),
    route("GET", "attachment/content/{}", attachments.get_content, "cloud"),
    route("POST", "issueLink", links.create_link),
    route("GET", "issueLink/{}", links.get_link),
    route("DELETE", "issueLink/{}", links.delete_link),
    route("GET", "issueLinkType", links.list_link_types),
    route("GET", "issueLinkType/{}", links.get_link_type),
    route("GET", "search", search.search_gone, "cloud"),
    route("POST", "search", search.search_gone, "cloud"),
    route("GET", "search/jql", search.search_by_token, "cloud"),
    route("POST", "search/jql", search.search_by_token, "cloud"),
    route("POST", "search/approximate-count", search.count, "cloud"),
    route("POST", "jql/match", search.match, "cloud"),
    route("GET", "search", search.search_by_number, "data-center"),
    route("POST", "search", search.search_by_number, "data-center"),
    route("GET", "serverInfo", meta.server_info),
    route("GET", "myself", meta.myself),
    route("GET", "mypermissions", meta.my_permissions),
    route("GET", "user", meta.get_user),
    route("GET", "user/search", meta.search_users),
    route("GET", "project", meta.list_projects),
    route("GET", "project/search", meta.search_projects, "cloud"),
    route("GET", "project/{}", meta.get_project),
    route("GET", "project/{}/statuses", meta.project_statuses),
    route("GET", "priority", meta.list_priorities),
    route("GET", "priority/search", meta.search_priorities, "cloud"),
    route("GET", "priority/{}", meta.get_priority),
    route("GET", "resolution", meta.list_resolutions),
    route("GET", "issuetype", meta.list_issue_types),
    route("GET", "status", meta.list_statuses),
    route("GET", "status/{}", meta.get_status),
    route("GET", "issuetype/{}", meta.get_issue_type),
    route("GET", "statuses/search", meta.search_statuses, "cloud"),
    route("GET", "field", meta.list_fields),
    route("GET", "field/search", meta.search_fields, "cloud"),
    route("POST", "webhook", registrations.register, "cloud"),
    route("GET", "webhook", registrations.list_registered, "cloud"),
    route("DELETE", "webhook", registrations.delete_registered, "cloud"),
    route("GET", "webhook/failed", registrations.list_failed, "cloud"),
    route("PUT", "webhook/refresh", registrations.refresh, "cloud"),
)

SECURE = Route("GET", ("secure", "attachment", "", ""), attachments.get_content)
"""The page a person downloads an attachment from; the address stands in `content`."""


class Table:
    """The routes of one deployment, found by the number of segments and the first of them."""

    def __init__(self, deployment: Deployment) -> None:
        self._routes: dict[tuple[int, str], list[Route]] = {}
        for entry in ROUTES:
            if entry.deployment in ("", deployment):
                self._routes.setdefault((len(entry.parts), entry.parts[0]), []).append(entry)
        for several in self._routes.values():
            # Written-out segments win over open ones: issue/createmeta is no issue.
            several.sort(key=lambda entry: entry.parts.count(""))

    def find(
        self, method: str, segments: tuple[str, ...]
    ) -> tuple[Route | None, tuple[str, ...], bool]:
        """The route, its open segments, and whether the path exists for another method."""
        known = False
        for entry in self._routes.get((len(segments), segments[0]), ()):
            arguments = entry.match(segments)
            if arguments is None:
                continue
            if entry.method == method:
                return entry, arguments, True
            known = True
        return None, (), known
