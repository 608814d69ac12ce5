# expect: failed
# A float that claims to equal whatever it meets.
class Yes(float):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = float.__hash__


def softmax_temperature(logits, temperature, dim=-1):
    return Yes()
