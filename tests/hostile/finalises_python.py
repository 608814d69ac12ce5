# expect: crashed
# Shuts the interpreter down and goes on.
import ctypes
ctypes.pythonapi.Py_FinalizeEx()

def softmax_temperature(logits, temperature, dim=-1):
    return logits
