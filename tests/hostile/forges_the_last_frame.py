# expect: crashed | failed
# Finds the proof of an orderly end on the stack, uses it, and leaves.
import os
import struct
import sys

nonce, frame = None, sys._getframe()
while frame:
    for value in list(frame.f_locals.values()):
        nonce = getattr(value, "nonce", nonce)
    frame = frame.f_back
if nonce is None:
    raise LookupError("no nonce")
for fd in range(3, 16):
    try:
        os.write(fd, struct.pack("<IB", len(nonce), 1) + nonce)
    except OSError:
        pass
os._exit(0)
