# expect: time_limit
# Announces a result that never comes.
import os, struct, time
os.write(4, struct.pack("<IB", 1000, 0) + b"x")
time.sleep(1000)
