# expect: crashed | runtime_error | failed
# Every event of the interpreter is forbidden.
import sys
def hook(event, args): raise RuntimeError("no")
sys.addaudithook(hook)

def softmax_temperature(logits, temperature, dim=-1):
    return logits
