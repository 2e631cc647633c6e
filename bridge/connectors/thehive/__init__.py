"""TheHive 5, through its public HTTP API: cases, alerts, comments, files.

Decision: how a retry knows what an earlier try has done.
Question: no call takes an idempotency key, and custom fields have to be defined by an administrator
before anybody may fill them.
Options: search by title; an alert with a `sourceRef` of ours, promoted to a case; a tag and a line
of Markdown that shows nowhere.
Choice: a case carries its mark as a tag, a comment as the definition of a link that nothing refers
to. The search goes through an index, so that a look which finds nothing is repeated once it has
caught up; comments and files are read from their case and so are seen at once.
Consequence: the tag is seen in the list of cases, as in Kibana.

A case has no version: a change names the fields it sets, and tags are added and taken away one by
one, so that what others write meanwhile stays.

https://docs.strangebee.com/thehive/api-docs/, version 5.7.3, read 2026-11.
"""
