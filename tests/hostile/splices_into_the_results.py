# expect: crashed
# Moves bytes into the pipe of results without writing.
import os
r, w = os.pipe(); os.write(w, b"rubbish that is no frame at all........")
os.splice(r, 4, 30)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
