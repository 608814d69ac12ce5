# expect: output_limit | failed
# Frames that look right, without end.
import os
import struct

while True:
    for fd in range(3, 16):
        try:
            os.write(fd, struct.pack("<IB", 8, 0) + b"rubbish!")
        except OSError:
            pass
