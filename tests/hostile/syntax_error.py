# expect: syntax_error
# An ordinary one.
def softmax_temperature(logits, temperature, dim=-1)
    return logits
