"""Confluence, Cloud (REST v2, or v1) and Data Center: a page's progress table, and comments.

Decision: how rows find their table, and a retry finds its rows.
Question: pages are written whole; people edit them in between, and the editor rewrites the markup.
Options: a table for each call, as in tickets; properties of the page; anchors in the text.
Choice: one table of ours for each title and set of columns, behind an anchor that names both. Each
group of rows begins with an anchor of the call's mark. The anchor macro sets a target for links and
shows nothing; the editors keep it.
Consequence: the table grows by rows where it stands, wherever people move it; nothing of what they
wrote changes. Where its anchor was deleted, a new table begins at the end of the page.

Updates carry the version; after 409 the page is read again and the rows go into what is there now.

https://developer.atlassian.com/cloud/confluence/rest/v2/ and
https://developer.atlassian.com/server/confluence/rest/v1002/, read 2026-11.
"""
