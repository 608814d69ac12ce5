# expect: failed
# Four million empty lists, to fill the judge's memory.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode

import struct
text = b"[" + b"[]," * 4_000_000 + b"[]]"
send(struct.pack("<Q", len(text)) + text)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
