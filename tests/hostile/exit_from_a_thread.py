# expect: crashed
# Answers rightly, and pulls the plug from another thread.
import os
import threading

threading.Timer(0.02, os._exit, (0,)).start()


def softmax_temperature(logits, temperature, dim=-1):
    while True:
        pass
