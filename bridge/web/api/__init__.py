"""The APIs: each module is one of them, a class whose `operations` say all there is to know.

Promises: every path asks for a key and a role (`gate.py`), and both stand in the same row from
which `/openapi.json` is made; an error has the shape its document gives it, always with a
`requestId`; what belongs to another tenant is not there.
May not: decide. A module reads a request that was checked, calls the part that knows, and writes
the answer; whatever the command line or a rule could need too lives outside of here.

Question: which framework describes and checks the operations? Options: FastAPI; Starlette routes
with decorators; rows of our own. Choice: rows (`Operation`) with pydantic models, because role,
error shape and examples belong to the row, five documents with five shapes are served, and
Starlette is there already. Consequence: `openapi.py` writes the description from the rows.
"""
