# expect: memory_limit
# One large array.
import numpy


def softmax_temperature(logits, temperature, dim=-1):
    return numpy.ones(1 << 33)
