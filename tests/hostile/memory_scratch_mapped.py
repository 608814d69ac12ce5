# expect: crashed | runtime_error | memory_limit
# Maps files larger than the scratch folder.
import mmap, os
kept = []
for i in range(100):
    f = open(f"/tmp/{i}", "w+b"); f.truncate(60 << 20)
    m = mmap.mmap(f.fileno(), 60 << 20); kept.append(m)
    for at in range(0, 60 << 20, 4096): m[at] = 1

def softmax_temperature(logits, temperature, dim=-1):
    return logits
