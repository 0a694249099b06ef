"""Chromium without a screen and without a network, driven over the WebDriver protocol, which is a few HTTP requests."""
import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PATIENCE = 60  # seconds that any one wait may take, on a busy machine


def program(*names):
    return next((path for path in map(shutil.which, names) if path), None)


CHROMIUM = program("chromium", "chromium-browser", "google-chrome")
DRIVER = program("chromedriver", "chromium.chromedriver")

# Nothing of this goes through a proxy that the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until(condition, what):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise TimeoutError(f"timed out after {PATIENCE} s: {what}")


class Browser:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        # Whatever a browser leaves behind goes into the folder, and is removed with it.
        places = dict.fromkeys(("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(self.folder))
        self.driver = subprocess.Popen([DRIVER, "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, env={**os.environ, **places}, start_new_session=True)
        try:
            self.address = f"http://127.0.0.1:{self._port()}"
            self.session = ""
            self.session = "/session/" + self._request("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"binary": CHROMIUM, "args": [
                    "--headless=new", "--hide-scrollbars", "--disable-dev-shm-usage",
                    "--host-resolver-rules=MAP * ~NOTFOUND",  # no network
                    f"--user-data-dir={self.folder / 'profile'}",
                    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # its sandbox refuses root
                ]}}}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def _port(self):
        """The driver says it on stdout once it listens."""
        deadline = time.monotonic() + PATIENCE
        said = b""
        while time.monotonic() < deadline:
            if select.select([self.driver.stdout], [], [], 1)[0]:
                piece = os.read(self.driver.stdout.fileno(), 4096)
                said += piece
                if b"successfully on port " in said and said.endswith(b"\n"):
                    return int(said.split(b"successfully on port ")[1].split(b".")[0])
                if not piece:
                    break
        raise RuntimeError(f"{DRIVER} does not start: {said.decode()!r}")

    def _request(self, method, path, body=None):
        request = urllib.request.Request(
            self.address + self.session + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with OPENER.open(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.load(error)['value']}") from None

    def close(self):
        try:
            if getattr(self, "session", ""):
                self._request("DELETE", "")
        finally:
            os.killpg(self.driver.pid, signal.SIGKILL)  # its browser too
            self.driver.wait(PATIENCE)
            self.driver.stdout.close()
            wait_until(self._remove_folder, "the browser leaves its folder alone")

    def _remove_folder(self):
        shutil.rmtree(self.folder, ignore_errors=True)  # helpers of a browser that ends may still write there
        return not self.folder.exists()

    def open(self, page):
        """Opens a file; what was logged before is forgotten."""
        self.log()
        self._request("POST", "/url", {"url": pathlib.Path(page).as_uri()})

    def run(self, script, *arguments):
        """What the script returns: the body of a function."""
        return self._request("POST", "/execute/sync", {"script": script, "args": arguments})

    def log(self):
        """What was logged since the last call: [{"level", "message", …}]."""
        return self._request("POST", "/se/log", {"type": "browser"})

    def developer(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self._request("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def press(self, *keys):
        """Presses the keys one after the other; U+E004 is Tab, U+E015 the arrow downwards."""
        self._request("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]}]})

    def screen(self, width, height, scheme="light", medium=""):
        """A window of so many CSS pixels, and what the page is told about where it is shown."""
        self.developer("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                       mobile=width < 600)
        self.developer("Emulation.setEmulatedMedia", media=medium,
                       features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file):
        """The whole page as a PNG."""
        size = self.developer("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.developer("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                              clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        pathlib.Path(file).write_bytes(base64.b64decode(shot["data"]))
