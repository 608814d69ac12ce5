# expect: failed | crashed | runtime_error
# Every attribute and every comparison ends the process.
import os


class Mine:
    def __getattribute__(self, name):
        os._exit(0)

    def __eq__(self, other):
        os._exit(0)

    def __repr__(self):
        os._exit(0)


def softmax_temperature(logits, temperature, dim=-1):
    return Mine()
