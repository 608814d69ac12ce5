# expect: time_limit
# Sleeps in C, so that no other thread may run.
import ctypes
ctypes.PyDLL(None).pause()
