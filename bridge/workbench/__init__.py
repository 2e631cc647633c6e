"""The rule author's workbench: to know what a rule will do before it goes live, and afterwards why.

Explaining an event, running the tests in rule files, playing a changed set over stored events and
saving a rule file. The command line, the API and the dashboard call these same functions. Nothing
here sends anything, and but for saving a rule file nothing here writes.
"""
