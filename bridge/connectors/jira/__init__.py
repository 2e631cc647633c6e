"""Jira, Cloud and Data Center, through REST version 2, whose texts are wiki markup, or through
Cloud's version 3, whose texts are ADF documents.

Decision: how a retry knows what an earlier try has done.
Question: no call of Jira's takes an idempotency key, and its search lags behind its writes.
Options: search only; a note in the text; a property written by the same request.
Choice: the mark of the call goes into a property, in the very request that makes the thing, and
for tickets into a label too, because labels can be searched. Tables carry an invisible
`{anchor:…}` or `localId` as well, by which old ones are recognised where the text has moved.
Consequence: properties are read directly, never through the index, and survive any rewriting of
the text (Cloud stores it in another form and gives it back in its own wording).

https://developer.atlassian.com/cloud/jira/platform/rest/v2/ and
https://developer.atlassian.com/server/jira/platform/rest/v10003/, read 2026-11.
"""
