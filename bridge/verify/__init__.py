"""Whether a delivery comes from who it says, judged from bytes and values alone.

Every check returns what it found or raises a `ProofRefused`; none returns a boolean that somebody
could forget to read. Secrets are compared in constant time. There is no clock, network, disk or
logging here: the time is an argument.

Question: where does the variety of senders live? Options: a class per vendor, or a few families
with parameters. Choice: families, described in the presets. Consequence: a new sender that signs
in a known way needs no code, and each family is tested once against independent signers.
"""
