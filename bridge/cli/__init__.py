"""The program `bridge`: one file per noun, each parses, calls and prints.

Results go to stdout, messages to stderr; `--json` is for machines. Exit 0 done, 1 refused or
failed, 2 wrong usage. No logic that the web could need lives here.

Question: how does `bridge --help` answer in a third of a second, with an engine, a web server
and a validator behind the commands? Options: import inside functions; a lazy group. Choice: the
group knows each command's module and sentence, and imports it when it is called. Consequence:
the sentence stands in `program.py`, and a test compares it with the command's own.
"""
