# expect: time_limit
# Waits for a lock that it holds.
import threading


def softmax_temperature(logits, temperature, dim=-1):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
