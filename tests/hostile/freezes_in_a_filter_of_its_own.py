# expect: time_limit | runtime_error | failed | crashed
# Every further call waits for a supervisor that never answers.
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

import struct
prog = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fc00000))  # USER_NOTIF always
f = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(prog)))
libc.syscall(317, 1, 8, ctypes.c_void_p(ctypes.addressof(f)))

def softmax_temperature(logits, temperature, dim=-1):
    return logits
