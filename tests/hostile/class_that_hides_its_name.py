# expect: failed
# Asking for the name of its type raises.
class Meta(type):
    @property
    def __name__(cls): raise ZeroDivisionError
class X(metaclass=Meta): pass
def softmax_temperature(logits, temperature, dim=-1): return X()
