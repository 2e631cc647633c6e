"""GitHub and GitHub Enterprise Server, through the REST API: issues and security alerts.

Decision: how a retry knows what an earlier try has done.
Question: no call of GitHub's takes an idempotency key, issues have no properties, and its search
lags behind its writes.
Options: search only; a label for each issue (fills the repository's list of labels); a comment of
HTML in the text, which shows nowhere.
Choice: `<!-- scanbridge:MARK -->` in the body of the issue, the comment or beside the table, in the
very request that makes it; looked for by listing the newest, then by the search for what is older.
Consequence: who deletes the comment from the text by hand deletes the mark with it.

https://docs.github.com/en/rest, API version 2022-11-28, read 2026-11.
"""
