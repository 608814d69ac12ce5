# expect: failed
# An outcome whose gradients have no names.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode
send(encode({"frame": "check", "name": "the example", "outcomes": [{"returned": 1, "gradients": [1], "inputs changed": []}], "memory": False}))

def softmax_temperature(logits, temperature, dim=-1):
    return logits
