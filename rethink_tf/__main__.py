"""All commands by one name: `python -m rethink_tf train --help`.

For who has installed the project with pip; Bazel has a target for each.
"""

import pathlib
import runpy
import sys

from rethink_tf import errors

_FOLDER = pathlib.Path(__file__).parent / "programs"


def names():
  """Returns the names of the commands, sorted."""
  return sorted(
      path.stem for path in _FOLDER.glob("*.py")
      if '__name__ == "__main__"' in path.read_text("utf-8"))


def main():
  """Runs the program that the command line names, and exits as it does."""
  name, *flags = sys.argv[1:] or ["--help"]
  if name in ("--help", "-h"):
    print("usage: python -m rethink_tf COMMAND [flags]\n\nCommands: "
          f"{', '.join(names())}.\nEach has --help.")
    return
  if name not in names():
    print(f"error: expected a command: {', '.join(names())}. Received: "
          f"{name!r}", file=sys.stderr)
    sys.exit(errors.UsageError.exit_code)
  sys.argv = [name, *flags]
  runpy.run_module(f"rethink_tf.programs.{name}", run_name="__main__")


if __name__ == "__main__":
  main()
