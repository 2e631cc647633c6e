"""Linear, through its GraphQL API.

Decision: how a retry knows what an earlier try has done.
Question: GraphQL mutations take no idempotency key.
Options: a mark in the text; an attachment as mark, which people see; an id of our own making.
Choice: an id of our own: issues and comments may be created with a UUID that the caller gives, so
it is made of the call's mark. A second create of it is refused, and reading it by that id tells.
Tables have no id, so they carry their mark as characters that do not show; where Linear drops
those, the words of the table decide, and that for a retry alone.
Consequence: nothing is searched for by text, and no index is asked.

https://linear.app/developers/graphql, read 2026-11.
"""
