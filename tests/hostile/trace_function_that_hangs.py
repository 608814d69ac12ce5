# expect: time_limit
# Every further line of anybody's code runs it first.
import sys


def trace(frame, event, argument):
    while True:
        pass


def softmax_temperature(logits, temperature, dim=-1):
    sys.settrace(trace)
    return (lambda: logits)()
