"""The engine: runs a submission in a sandbox, compares it with a reference, and says what is wrong.

`judge.py` is the place to start. Nothing here knows a particular drill.
"""
