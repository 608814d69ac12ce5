# expect: failed
# Reports a banned call in a form that nobody sends.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode
send(encode({"frame": "forbidden"}))

def softmax_temperature(logits, temperature, dim=-1):
    return logits
