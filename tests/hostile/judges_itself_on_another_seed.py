# expect: crashed
# Runs the checks itself, on a seed and a solution of its choice.
import sys
def channel():
    frame = sys._getframe()
    while frame:
        if callable(frame.f_locals.get("send")): return frame.f_locals["send"]
        frame = frame.f_back
send = channel()
from verifiers.tree import encode

import dataclasses, verifiers.inside as i, sys, os
frame = sys._getframe()
while "task" not in frame.f_locals: frame = frame.f_back
task = frame.f_locals["task"]
other = dataclasses.replace(task, seed=1, source="def softmax_temperature(l, t, dim=-1):\n    return l")
i.main(other.to_payload(), send)
os._exit(0)
