# expect: runtime_error
# Control sequences in the name and the text of an exception.
class Evil(Exception): pass
Evil.__name__ = "\x1b[2J\x1b]0;pwned\x07Evil\u202e"
def softmax_temperature(logits, temperature, dim=-1): raise Evil("\x1b[31mred\x1b]8;;http://x\x07 \u202egnp")
