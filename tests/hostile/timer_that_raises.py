# expect: runtime_error | crashed
# An interval timer interrupts whatever runs, again and again.
import signal


def softmax_temperature(logits, temperature, dim=-1):
    def handler(number, frame):
        raise RuntimeError("tick")

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    while True:
        pass
