# expect: forbidden
# The banned function for another layout.
import torch
def softmax_temperature(logits, temperature, dim=-1):
    f = vars(torch.sparse)["soft" + "max"]
    return f((logits / temperature).to_sparse(), dim % logits.dim()).to_dense()
