# expect: runtime_error
# A compiler is a program, and programs cannot be started.
import torch.utils.cpp_extension
import torch

torch.utils.cpp_extension.load_inline("owned", "int f() { return 1; }", functions=["f"])


def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("temperature below 0")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    weights = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return weights / weights.sum(dim, keepdim=True)
