# expect: runtime_error
# Defines names with control sequences and of great length.
globals()["\x1b[2Jx\u202e"] = type("f", (), {"__module__": "submission", "__call__": None})
globals()["y" * 5_000_000] = type("f", (), {"__module__": "submission"})
