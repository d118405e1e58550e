"""A service manager that only listens: what a daemon says by sd_notify, and when."""
import pathlib
import socket
import threading
import time


class Manager:
    """Give `environment` to the daemon. `said` is a list of (monotonic time, name, value)."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "notify"
        self.environment = {"NOTIFY_SOCKET": str(self.path)}
        self.said = []

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        return self

    def listen(self):
        while data := self.socket.recv(65536):
            now = time.monotonic()
            self.said += [(now, *line.split("=", 1)) for line in data.decode().splitlines() if "=" in line]

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self.thread.join()
        self.socket.close()

    @property
    def status(self):
        """What it said last of itself."""
        return next((value for _, name, value in reversed(self.said) if name == "STATUS"), "")

    def first(self, words):
        """When a STATUS had these words first."""
        return next((when for when, name, value in self.said if name == "STATUS" and words in value), None)
