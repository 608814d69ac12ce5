# expect: output_limit | time_limit
# A watchdog thread in C prints a traceback without end.
import faulthandler


def softmax_temperature(logits, temperature, dim=-1):
    faulthandler.dump_traceback_later(0.001, repeat=True)
    while True:
        pass
