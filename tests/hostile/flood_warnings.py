# expect: output_limit
# Warnings are output too.
import warnings


def softmax_temperature(logits, temperature, dim=-1):
    warnings.simplefilter('always')
    while True:
        warnings.warn('careful ' * 50)
