# expect: failed | runtime_error
# Fills kernel buffers, which no limit on addresses counts.
import os, fcntl
pipes = []
try:
    while True:
        r, w = os.pipe(); pipes.append((r, w))
        try: fcntl.fcntl(w, 1031, 1 << 20)
        except OSError: pass
        os.set_blocking(w, False)
        try:
            while True: os.write(w, bytes(1 << 16))
        except BlockingIOError: pass
except OSError as e: print(len(pipes), e)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
