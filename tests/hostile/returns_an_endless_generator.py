# expect: failed | time_limit
# A generator that never ends.
import itertools


def softmax_temperature(logits, temperature, dim=-1):
    return (i for i in itertools.count())
