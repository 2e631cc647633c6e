"""Sync: two linked things, such as an issue and a case, kept alike by a `sync` rule.

What `merge.py` decides is pure: from what stands on both sides and what they last agreed on. The
engine reads both sides, has it decided, and writes by the same actions that rules have. It trusts
no event's values: an event only says that it is time to look, so that deliveries which are late,
repeated or out of order can do no harm.

Question: what keeps an older value from overwriting a newer one? Options: the order of events; a
version of ours; both sides' present values against the last agreed ones. Choice: the last, which
is a three-way merge, with the systems' own times where both sides have changed; each write says
what it expects to replace. Consequence: each sync costs two reads, and a loop cannot begin: where
both sides are alike nothing is written.
"""
