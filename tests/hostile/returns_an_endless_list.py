# expect: failed | time_limit | runtime_error | memory_limit | output_limit
# A list whose iteration never ends.
class Endless(list):
    def __iter__(self):
        while True:
            yield 1.0

    def __len__(self):
        return 3


def softmax_temperature(logits, temperature, dim=-1):
    return Endless([1.0, 2.0, 3.0])
