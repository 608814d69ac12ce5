# expect: forbidden
# The banned call runs where the main thread's hooks do not see it.
import threading, torch
def softmax_temperature(logits, temperature, dim=-1):
    out = []
    t = threading.Thread(target=lambda: out.append(getattr(torch, "soft" + "max")(logits / temperature, dim)))
    t.start(); t.join()
    return out[0]
