# expect: runtime_error
# The name of its type has twenty million letters.
Big = type("X" * 2_000_000, (Exception,), {})
def softmax_temperature(logits, temperature, dim=-1): raise Big("no")
