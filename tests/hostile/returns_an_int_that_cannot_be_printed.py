# expect: failed
# More digits than Python is willing to write.
import torch
import numpy as np

def softmax_temperature(logits, temperature, dim=-1):
    return 10 ** 6000
