# expect: crashed
# Standard output becomes the pipe of results.
import os
os.dup2(4, 1)
print("rubbish " * 10, flush=True)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
