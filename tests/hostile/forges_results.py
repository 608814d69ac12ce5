# expect: crashed | failed
# Finds the channel of results and says that all is well.
import gc
import os

from verifiers.tree import encode

for item in gc.get_objects():
    if callable(item) and getattr(item, "__qualname__", "").startswith("run_entry.<locals>"):
        item(encode({"frame": "check", "name": "values", "outcomes": [], "memory": False}))
        item(encode({"frame": "end"}))
os._exit(0)
