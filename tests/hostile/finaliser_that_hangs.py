# expect: time_limit
# Runs when the judge lets go of the result.
class Sticky:
    def __del__(self):
        while True:
            pass


def softmax_temperature(logits, temperature, dim=-1):
    return Sticky()
