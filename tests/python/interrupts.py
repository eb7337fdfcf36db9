"""SIGINT to this process after a while."""

import os
import signal
import threading
import time


class Interrupt:
    """Sends SIGINT some seconds after start(), and again every five, until stop().

    Python ignores one that arrives within its own hooks, such as those that run at a fork.
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self.sent = None  # when the first one was, by time.monotonic()
        self._over = threading.Event()
        self._sender = threading.Thread(target=self._send)

    def start(self):
        # It is ignored where a script has started the tests in the background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._sender.start()

    def stop(self):
        self._over.set()
        self._sender.join()

    def _send(self):
        self._over.wait(self._seconds)
        self.sent = time.monotonic()
        while not self._over.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            self._over.wait(5)
