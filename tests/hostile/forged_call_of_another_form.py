# expect: failed
# An outcome whose changed inputs are a number.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode
send(encode({"frame": "check", "name": "the example", "outcomes": [{"returned": 1, "inputs changed": 5}], "memory": False}))

def softmax_temperature(logits, temperature, dim=-1):
    return logits
