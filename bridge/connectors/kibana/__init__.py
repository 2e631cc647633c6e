"""Kibana's cases, Elastic Stack 8 and 9 and serverless, through the public HTTP API.

Decision: how a retry knows what an earlier try has done.
Question: no call takes an idempotency key, and neither cases nor comments carry hidden data.
Options: search by title; custom fields, which every space has to define first; a tag and a line of
Markdown that shows nowhere.
Choice: a case carries its mark as a tag, because tags can be searched, and a comment as the
definition of a link that nothing refers to. The index lags for about a second, so that a look which
finds nothing is repeated once it has caught up.
Consequence: the tag is seen in the list of cases, as the label is in Jira.

Updates carry the case's version. Where somebody was faster (409) the case is read again and only
what still differs is sent; 406 says that nothing differs.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-cases, read 2026-11.
"""
