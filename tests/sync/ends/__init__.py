"""The systems of a storm as people use them: one end each, over the stand-ins' real HTTP.

An end reads the fields, changes one as a person, remarks as a person, and tells what the bridge
has written, by field and value. No fault meets a person's request.
"""
