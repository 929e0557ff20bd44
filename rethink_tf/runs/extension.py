"""Going on with a run for more epochs than it was begun for, or for fewer.

A run that is not done may end sooner than it was begun for, after an epoch that
is yet to come: it is then one that was begun for so many.

What the shorter run had stays beside what the longer one will have:

    result-epochs10.json   its result.json, where it was done
    config-epochs10.json   its config.json

A process killed at any point leaves a run that is done, or one that goes on.
"""

from rethink_tf.runs import storage

_KEPT = ("result", "config")


def is_longer(recorded, config):
  """Tells whether a config of train has more epochs than a recorded one.

  Args:
    recorded: config.json as a dict.
    config: what it would hold, or a part of it.
  """
  before, after = recorded.get("epochs"), config.get("epochs")
  return ("program" not in recorded and isinstance(before, int)
          and isinstance(after, int) and before < after)


def is_cut(folder, recorded, config):
  """Tells whether a config of train ends a run sooner that is not done.

  Args:
    folder: `pathlib.Path` of the run directory.
    recorded, config: as for `is_longer`.
  """
  if not is_longer(config, recorded) or (folder / "result.json").exists():
    return False
  metrics = folder / "metrics.csv"
  rows = len(metrics.read_bytes().splitlines()) - 1 if metrics.exists() else 0
  # The last epoch is to come, as it always has a test.
  return config["epochs"] > rows


def without_epochs(config):
  """Returns a config, a dict; one of train's without how many epochs."""
  return config if "program" in config else {
      name: value for name, value in config.items() if name != "epochs"}


def keep(folder, epochs, write):
  """Gives the files of a run the names of a shorter one's.

  Its config.json stays as well, to be replaced by the longer run's: until then
  the directory holds the shorter run, of which everything is done but the
  result.

  Args:
    folder: `pathlib.Path` of the run directory.
    epochs: how many the run was begun for.
    write: a function of a name and text, which writes a file of the run.

  Returns:
    The name of the file that holds its result; None where it had none.

  Raises:
    StorageError: a file cannot be written.
  """
  result = folder / "result.json"
  if not result.exists():
    return None
  for name in _KEPT:
    write(_name(name, epochs), (folder / f"{name}.json").read_text("utf-8"))
  storage.remove(result)
  return _name("result", epochs)


def mention(folder, epochs):
  """Returns a sentence on a run's kept result after so many epochs, or ""."""
  name = _name("result", epochs)
  return (f"Its result after {epochs} epochs is kept in {name}. "
          if (folder / name).exists() else "")


def kept_files(folder):
  """Returns the files that `keep` made in a run directory, in any order."""
  return [path for name in _KEPT
          for path in folder.glob(f"{name}-epochs*.json")
          if path.stem.removeprefix(f"{name}-epochs").isdecimal()]


def _name(name, epochs):
  return f"{name}-epochs{epochs}.json"
