# expect: failed | runtime_error | crashed
# Lies about its own type.
import torch


class Impostor:
    __class__ = torch.Tensor
    shape = torch.Size([3])
    dtype = torch.float32

    def __getattr__(self, name):
        return lambda *a, **k: self


def softmax_temperature(logits, temperature, dim=-1):
    return Impostor()
