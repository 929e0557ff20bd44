"""TensorBoard as locked with the project, over runs by what they are."""

import os
import pathlib
import sys
import tempfile

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import declare
from rethink_tf.programs import libraries
from rethink_tf.programs import named_runs
from rethink_tf.runs import commands

_LOGDIR = "--logdir"
_HELP = f"""\
Shows runs side by side in a browser, while they train and after.
usage: tensorboard [--logdir=FOLDER] [any flag of TensorBoard's]
example:
  {declare.show_command("tensorboard", "--logdir=runs")}
  --logdir=runs   Folder of run directories, at any depth, or one of them.
  --port=6006     Where to listen; without it, the next port that is free.
  --bind_all      Listen for other machines too.
  --helpfull      TensorBoard's own help."""
# With these TensorBoard does something else than to serve a folder.
_OTHERS = ("--logdir_spec", "--inspect", "--version", "--version_tb", "--help")


def main(argv):
  """Serves until it is ended; returns TensorBoard's exit code."""
  arguments = absolute(argv[1:])
  if "--help" in arguments:
    print(_HELP)
    return 0
  arguments = ["--help" if a == "--helpfull" else a for a in arguments]
  libraries.prepare()  # It imports TensorFlow once it needs it.
  names = {argument.partition("=")[0] for argument in arguments}
  if names & set(_OTHERS):
    return _serve(arguments)
  if _LOGDIR not in names:
    arguments += [_LOGDIR, str(paths.workspace() / "runs")]
  with tempfile.TemporaryDirectory(prefix="tensorboard-") as links:
    return _serve(_with_links(arguments, pathlib.Path(links)))


def absolute(arguments):
  """Takes a relative --logdir from where the user is, as `train` does.

  Args:
    arguments: list of str; the folder may be a word of its own.

  Returns:
    The same, with --logdir and its folder as two words.
  """
  taken = []
  for argument in arguments:
    name, equals, value = argument.partition("=")
    if name == _LOGDIR and equals:
      taken += [_LOGDIR, str(paths.user_path(value))]
    elif taken and taken[-1] == _LOGDIR:
      taken.append(str(paths.user_path(argument)))
    else:
      taken.append(argument)
  return taken


def _with_links(arguments, links):
  """Returns the arguments with a folder of links to the runs in their place."""
  place = arguments.index(_LOGDIR) + 1
  if place == len(arguments):
    raise errors.UsageError("--logdir: expected a folder. Received: nothing")
  runs = pathlib.Path(arguments[place])
  named = named_runs.NamedRuns(runs, links)
  if not named.update():
    if os.path.isdir(runs) and any(runs.rglob("events.out.tfevents.*")):
      return arguments  # Another program's.
    print(f"no run is in {runs} yet; they are shown as they begin", flush=True)
  named.keep_up_to_date()
  return [*arguments[:place], str(links), *arguments[place + 1:]]


def _serve(arguments):
  # Imported once the arguments are known to be used.
  from tensorboard import default  # noqa: PLC0415
  from tensorboard import program  # noqa: PLC0415
  from tensorboard.plugins import base_plugin  # noqa: PLC0415

  from rethink_tf.programs import hparams_tab  # noqa: PLC0415

  def listen(app, flags):
    server = program.create_port_scanning_werkzeug_server(app, flags)
    address = commands.tensorboard_address(server.get_url())
    print(f"Loss and accuracy: {address}", flush=True)
    return server

  plugins = hparams_tab.show_differences(default.get_plugins())
  board = program.TensorBoard(plugins, server_class=listen)
  try:
    board.configure(["tensorboard", *arguments])
  except base_plugin.FlagsError as error:
    raise errors.UsageError(str(error)) from error
  return board.main()


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))
