"""Pages opened in headless Chromium, driven through its DevTools protocol.

The protocol goes through a pipe, so that no port is open and nothing but the
browser is needed: Selenium would bring a dozen packages and a driver that has
to be of the browser's version.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

# The shell is the part that draws pages, and begins in a fraction of the time.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser",
          "google-chrome")
# A machine that does other work too is several times as slow.
_PATIENCE = 300


def require():
  """Returns the path of Chromium; skips the test where there is none."""
  found = next(filter(None, map(shutil.which, _NAMES)), None)
  if found is None:
    pytest.skip("no Chromium here: scripts/install_chromium installs Debian's")
  return found


@contextlib.contextmanager
def opened(address, folder, width=1440, height=900):
  """Opens a page.

  Args:
    address: of the page, as a URL.
    folder: `pathlib.Path` for the browser's files.
    width, height: of the window, in pixels.

  Yields:
    A `Tab`.
  """
  from_browser, to_us = os.pipe()
  from_us, to_browser = os.pipe()

  def use_pipe():
    # Chromium reads commands from 3 and writes answers to 4.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (from_us, to_us)]
    for number, end in zip((3, 4), ends):
      os.dup2(end, number)

  command = [
      require(), "--headless", "--remote-debugging-pipe", "--disable-gpu",
      "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
      f"--user-data-dir={folder}", f"--window-size={width},{height}"]
  if os.geteuid() == 0:  # Its sandbox is not for root.
    command.append("--no-sandbox")
  browser = subprocess.Popen(
      [*command, "about:blank"], preexec_fn=use_pipe, close_fds=False,
      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
      start_new_session=True)
  os.close(from_us)
  os.close(to_us)
  try:
    tab = Tab(from_browser, to_browser, width, height)
    tab.open(address)
    yield tab
  finally:
    # Debian starts it by a script, which does not become it.
    os.killpg(browser.pid, signal.SIGKILL)
    browser.wait()
    os.close(from_browser)
    os.close(to_browser)


class Tab:
  """A page in a browser.

  Attributes:
    errors: what the console was told of as error, a list of str.
    requests: the addresses that the page asked for, a list of str.
  """

  def __init__(self, read_from, write_to, width, height):
    self._read_from, self._write_to = read_from, write_to
    self._number, self._buffer = 0, b""
    self.errors, self.requests = [], []
    target = self._call("Target.createTarget", url="about:blank")["targetId"]
    self._session = None
    self._session = self._call(
        "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
      self._call(f"{domain}.enable")
    self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
               deviceScaleFactor=1, mobile=width < 600)

  def open(self, address):
    """Goes to a page; `until` waits for what it shows."""
    self._call("Page.navigate", url=address)

  def run(self, script):
    """Returns what a JavaScript expression comes to, as JSON has it."""
    answer = self._call("Runtime.evaluate", expression=script,
                        returnByValue=True, awaitPromise=True)
    if "exceptionDetails" in answer:
      raise AssertionError(f"{script}: {answer['exceptionDetails']}")
    return answer["result"].get("value")

  def until(self, script):
    """Waits until an expression is true, and returns what it comes to."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
      value = self.run(script)
      if value:
        return value
      if self.errors:
        break
      time.sleep(0.3)
    raise AssertionError(f"never true: {script}; console: {self.errors}")

  def text(self):
    """Returns the text that is to be seen, shadow roots' and frames' too."""
    return self.run(_TEXT)

  def point(self, x, y):
    """Moves the mouse to a place of the window."""
    self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

  def seconds(self):
    """Returns the processor time that the page's thread has taken, seconds."""
    metrics = self._call("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics}["ThreadTime"]

  def screenshot(self):
    """Returns what is in view as PNG, base64."""
    return self._call("Page.captureScreenshot", format="png")["data"]

  def _call(self, method, **parameters):
    self._number += 1
    message = {"id": self._number, "method": method, "params": parameters}
    if getattr(self, "_session", None):
      message["sessionId"] = self._session
    os.write(self._write_to, json.dumps(message).encode() + b"\0")
    while True:
      received = self._receive()
      if received.get("id") == self._number:
        if "error" in received:
          raise AssertionError(f"{method}: {received['error']}")
        return received["result"]
      self._note(received)

  def _receive(self):
    while b"\0" not in self._buffer:
      content = os.read(self._read_from, 2**20)
      if not content:
        raise AssertionError("the browser has ended")
      self._buffer += content
    message, _, self._buffer = self._buffer.partition(b"\0")
    return json.loads(message)

  def _note(self, event):
    """Keeps what an event says of errors and of the network."""
    values = event.get("params", {})
    match event.get("method"):
      case "Runtime.exceptionThrown":
        self.errors.append(str(values["exceptionDetails"]))
      case "Runtime.consoleAPICalled" if values["type"] in ("error", "assert"):
        self.errors.append(str(values["args"]))
      case "Log.entryAdded" if values["entry"]["level"] == "error":
        self.errors.append(values["entry"]["text"])
      case "Network.requestWillBeSent":
        self.requests.append(values["request"]["url"])


_TEXT = """(() => {
  const hidden = ['STYLE', 'SCRIPT', 'NOSCRIPT', 'TEMPLATE'];
  const read = node => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent;
    if (hidden.includes(node.nodeName)) return '';
    const inner = node.shadowRoot || node.contentDocument;
    const nodes = [...(inner ? inner.childNodes : []), ...node.childNodes];
    return nodes.map(read).join(' ');
  };
  const body = document.body;  // None yet while it loads.
  return (body ? read(body) : '').replace(/\\s+/g, ' ');
})()"""
