# expect: crashed | runtime_error
# A thread throws KeyboardInterrupt into the main one.
import ctypes, threading, time
main = threading.get_ident()
def work():
    while True: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(KeyboardInterrupt)); time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()

def softmax_temperature(logits, temperature, dim=-1):
    return logits
