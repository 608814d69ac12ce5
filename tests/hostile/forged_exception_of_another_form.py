# expect: failed
# An outcome whose exception is no list of names.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode
send(encode({"frame": "check", "name": "the example", "outcomes": [{"raised": [[1], {2: 3}], "message": [1], "line": {}}], "memory": False}))

def softmax_temperature(logits, temperature, dim=-1):
    return logits
