# expect: time_limit
# Blocks every signal and waits for one.
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
signal.sigwait(range(1, 65))
