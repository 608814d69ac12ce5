# expect: runtime_error
# The kernel's cipher interface is a socket too.
import socket
import torch

socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
