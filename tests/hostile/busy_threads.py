# expect: time_limit
# CPU time on every core, with the lock released.
import threading
import torch


def softmax_temperature(logits, temperature, dim=-1):
    def burn():
        while True:
            torch.ones(300, 300) @ torch.ones(300, 300)

    for _ in range(8):
        threading.Thread(target=burn).start()
    burn()
