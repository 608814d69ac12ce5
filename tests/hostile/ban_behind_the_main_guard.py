# expect: forbidden
# A guard that is not the one it looks like.
import torch
if __name__ != "__main__":
    f = torch.softmax
def softmax_temperature(logits, temperature, dim=-1):
    return f(logits / temperature, dim)
