"""Text on its way from a rule to another system: one document tree, and codecs around it.

Promise: what came from an event stays literal text, whatever it holds; nothing is cut inside a
character, a macro, a row or a paragraph if it can be helped; what is lost is said.
Pure: text in, values out; no clock, no network, no disk, no logging.

Decision: how event text is kept from acting as Markdown.
Question: backslashes are shown as they are inside code, and cannot hold a line break.
Options: backslashes; characters of the private use area; numeric character references.
Choice: references (`&#42;`). Any Markdown reader turns them into the character and never into
markup, in targets of links too; for code, where no reader does, our own reader adds that.
Consequence: a rule author who writes `&#42;` inside code gets `*`.
"""
