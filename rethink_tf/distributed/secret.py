"""The secret by which the workers of a run know one another.

RETHINK_TF_SECRET, given to all workers, is it; or else the chief draws one and
keeps it, readable for its own user alone, in a file of the run directory until
all workers have come. Each proves that it knows the secret with an HMAC over a
number that the other end has just drawn, and so never sends it.
"""

import contextlib
import hmac
import os
import secrets
import stat
import time

from rethink_tf import errors

VARIABLE = "RETHINK_TF_SECRET"
_SHORTEST = 16
# How a file of ours begins: nothing else is written over.
_MARK = b"rethink_tf workers "
# Bytes of a message of the proof.
_LARGEST = 1024


@contextlib.contextmanager
def share(cluster, path, environment):
  """Yields the `Given` secret, or the one in a file, kept there in the block.

  Args:
    cluster: the `Cluster`.
    path: `pathlib.Path` of the file, which all workers see.
    environment: the environment variables, a mapping.

  Raises:
    UsageError: the given secret is too short to be one, or the file cannot be
      written, or is not ours.
  """
  given = environment.get(VARIABLE)
  if given is not None:
    if len(given) < _SHORTEST:
      # The secret itself is not for a log.
      raise errors.UsageError(
          f"{VARIABLE}: expected at least {_SHORTEST} characters. Received: "
          f"{len(given)}")
    yield Given(given.encode(errors="surrogateescape"))
  elif not cluster.is_chief:
    yield Read(path)
  elif len(cluster) > 1:
    kept = Kept(path)
    try:
      kept.keep()
      yield kept
    finally:
      kept.remove()
  else:
    yield Given(b"")  # There is nobody to prove anything to.


class Given:
  """A secret that all workers were given.

  Args:
    text: bytes.
  """

  def __init__(self, text):
    self._text = text

  def read(self):
    return self._text

  def keep(self):
    pass


class Read:
  """A secret in a file that the chief writes.

  Args:
    path: its `pathlib.Path`.
  """

  def __init__(self, path):
    self.path = path

  def read(self):
    """Returns the secret as bytes.

    Raises:
      OSError: there is none to be read.
    """
    # Neither a link nor a pipe is what the chief has written.
    descriptor = os.open(
        self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
      if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(f"{self.path} is no file")
      return file.read(_LARGEST)


class Kept(Read):
  """A secret that the chief draws, and keeps in a file.

  Args:
    path: its `pathlib.Path`, in a folder that is made where absent.
  """

  def __init__(self, path):
    super().__init__(path)
    self._text = _MARK + secrets.token_hex(32).encode()
    self._made = [p for p in path.parents if not os.path.lexists(p)]

  def keep(self):
    """Writes the file where it does not hold this secret (any more).

    That of a run that was killed may be there, or another chief, which is yet
    to learn that the directory has an owner, may write its own.

    Raises:
      UsageError: it cannot be written, or something else is there.
    """
    try:
      found = self.read()
    except OSError:  # A link, or no file at all.
      found = b"" if os.path.lexists(self.path) else _MARK
    if found == self._text:
      return
    if not found.startswith(_MARK):
      raise errors.UsageError(
          f"--logdir: expected {self.path.name} to be what worker 0 writes for "
          f"the others, or absent. Received: something else, {self.path}")
    try:
      self.path.parent.mkdir(parents=True, exist_ok=True)
      self._write()
    except OSError as error:
      raise errors.UsageError(
          f"--logdir: expected a folder in which worker 0 can write "
          f"{self.path.name}, or {VARIABLE} on all workers. Received: "
          f"{self.path.parent} ({error.strerror})") from error

  def _write(self):
    beside = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
      with open(descriptor, "wb") as file:
        file.write(self._text)
        file.flush()
        os.fsync(descriptor)
      os.replace(beside, self.path)
    except OSError:
      beside.unlink(missing_ok=True)
      raise

  def remove(self):
    """Removes the file, if it is still this secret's, and folders made."""
    with contextlib.suppress(OSError):
      if self.read() == self._text:
        self.path.unlink()
    for folder in self._made:
      with contextlib.suppress(OSError):
        folder.rmdir()


def prove(channel, role, read, deadline):
  """Proves to the other end that this one knows the secret, and has it do so.

  Args:
    channel: the `Channel`.
    role: "chief" or "worker": who this is.
    read: a function that returns the secret; called once the other end has
      begun to speak, and so has written what it wrote.
    deadline: when all of it must be done, as `time.monotonic` counts.

  Raises:
    OSError: the other end is gone or too slow, or there is no secret yet.
    ValueError: it does not know the secret, or is no worker.
  """
  def receive(name):
    message = channel.receive(deadline - time.monotonic(), _LARGEST)
    value = message.get(name)
    if not isinstance(value, str):
      raise ValueError("did not begin as a worker does")
    return value

  own = secrets.token_hex(32)
  channel.send({"nonce": own})
  other = receive("nonce")
  key = read()
  other_role = "worker" if role == "chief" else "chief"
  channel.send({"proof": _compute(key, role, own, other)})
  expected = _compute(key, other_role, other, own)
  received = receive("proof").encode(errors="replace")
  if not hmac.compare_digest(received, expected.encode()):
    raise ValueError("does not know the secret")


def _compute(key, role, own, other):
  """Returns the proof, hex, that who plays a role gives."""
  # As JSON would: no two triples are the same text.
  text = repr((role, own, other)).encode()
  return hmac.digest(key, text, "sha256").hex()
