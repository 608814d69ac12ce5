# expect: runtime_error | crashed
# Not an Exception either; a careless judge ends here.
def softmax_temperature(logits, temperature, dim=-1):
    raise KeyboardInterrupt
