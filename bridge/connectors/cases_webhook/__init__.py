"""Any case management that answers the four calls of Kibana's "Webhook - Case Management".

The settings are Kibana's own fields, so that what is typed into its connector can be pasted here.

Decision: how a retry knows what an earlier try has done.
Question: the four calls create, get, update and comment; none of them searches, and no two targets
keep a mark in the same place.
Options: repeat and hope; never repeat; a fifth and a sixth call that look, where a target has them.
Choice: `find_incident_url` and `find_comment_url` look for what a template has left there. Without
them an answer that was lost is in doubt: the action stops and says so, or is repeated where the
operator says that the target takes a repeat for the same (`in_doubt: repeat`), as the bridge's own
`/case-webhook` does by the ids in it.
Consequence: exactly one incident wherever the target lets anybody look; never a silent second one.

What was pushed last is remembered with the push, since the target keeps nothing for us: an update
is sent only when the case has changed, and each comment once.

https://www.elastic.co/docs/reference/kibana/connectors-kibana/cases-webhook-action-type,
read 2026-11.
"""
