# expect: crashed
# Python ships a function that crashes Python.
import faulthandler


def softmax_temperature(logits, temperature, dim=-1):
    faulthandler._sigsegv()
