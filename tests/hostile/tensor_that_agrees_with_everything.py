# expect: failed
# A subclass whose every comparison is true.
import torch


class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in (torch.allclose, torch.equal, torch.Tensor.__eq__):
            return True
        return super().__torch_function__(func, types, args, kwargs or {})

    def __eq__(self, other):
        return True


def softmax_temperature(logits, temperature, dim=-1):
    return logits.detach().clone().as_subclass(Agreeable)
