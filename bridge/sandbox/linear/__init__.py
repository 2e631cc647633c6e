"""Linear's stand-in: a workspace with one team, its issues, comments and labels, over GraphQL.

The fields it has are Linear's, by the published schema; asked for one it does not have, it refuses
as Linear refuses an unknown one. Documents may not hold fragments or directives.
https://linear.app/developers/graphql and https://linear.app/developers/webhooks, read 2026-11.
"""
