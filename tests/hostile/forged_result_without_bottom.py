# expect: failed
# Lists in lists in lists, to exhaust the judge's stack.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode

import struct
text = b'["list",[' * 200_000
send(struct.pack("<Q", len(text)) + text)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
