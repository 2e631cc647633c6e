"""Senders of webhooks: one YAML preset each, and the code that reads a delivery by it.

Promises: a delivery is accepted only with a proof the preset names; a genuine one is never turned
away for odd content; the same delivery always gives the same key.
May not: call anybody, read the clock or the store, or know a sender by name in Python.

Question: how does a sender's shape become ours? Options: a class per vendor; one big expression;
a mapping of fields to small expressions. Choice: the mapping, and what every scanner lacks
(counts, ids, severities in our words) is completed in one place, `complete.py`. Consequence: a
preset is some thirty lines, an absent field is left out instead of failing the event, and
operators write the same form.
"""
