# expect: time_limit
# Backtracks for longer than the sun will last.
import re


def softmax_temperature(logits, temperature, dim=-1):
    return re.match(r'(a+)+$', 'a' * 60 + 'b')
