"""The one way in which Python starts our servers: on a free port, which a file names once they listen."""
import pathlib
import tempfile
import time

PATIENCE = 30  # seconds that any one wait may take, on a busy machine and under a sanitizer


def wait_until(condition, what):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise TimeoutError(f"timed out after {PATIENCE} s: {what}")


class FreePort:
    """A port that the server picks, if `port` is 0. `arguments` tell it so; `directory` is there until close()."""

    def __init__(self, host="127.0.0.1", port=0):
        self._directory = tempfile.TemporaryDirectory(prefix="revecho-")
        self._file = pathlib.Path(self._directory.name) / "port"
        self.arguments = ["--listen", f"{host}:{port}", "--port-file", str(self._file)]
        self.directory = self._directory.name

    def await_server(self, process):
        """Waits until the server listens, and returns the port; None if it has ended instead."""
        wait_until(lambda: self._file.exists() or process.poll() is not None, "the server listens or ends")
        if process.poll() is not None:
            return None
        port = int(self._file.read_text())
        self._file.unlink()  # so that the server can be started again
        return port

    def close(self):
        self._directory.cleanup()
