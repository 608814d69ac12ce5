# expect: time_limit
# Even asking what went wrong takes forever.
class Endless(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def softmax_temperature(logits, temperature, dim=-1):
    raise Endless
