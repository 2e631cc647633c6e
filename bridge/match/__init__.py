"""Pure: an event and a rule set in, planned runs and the reasons out.

Promises: the same event, rules and time give the same plan; every mistake in a rule file is named
at load with its place; nothing an event says is ever read as an expression or a template.
May not: read the clock, the network, the disk (but for the rule files it is told to load) or a
setting, log, or know a source or a connector by name.
"""
