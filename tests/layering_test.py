"""Tests of the import graph: it is the data flow, in one direction."""

import ast
import functools
import graphlib
import pathlib

import rethink_tf

_PACKAGE = pathlib.Path(rethink_tf.__file__).parent

# flags -> Config -> data -> models -> training -> linear, theory -> run. For
# each module at the top, and each folder below it, what of rethink_tf it may
# import; a folder also imports from itself. A new module needs a line here.
_MAY_IMPORT = {
    "errors": set(),
    "streams": set(),
    "paths": {"errors"},
    "storage": {"errors"},
    "flagfile": {"errors", "paths"},
    "flag_values": {"errors", "paths"},
    "imagenet_config": {"errors", "flag_values"},
    "config": {"errors", "flag_values", "flagfile", "imagenet_config"},
    "suite_config": {"errors", "flag_values", "paths"},
    "theory_config": {"config", "errors", "flag_values", "flagfile"},
    "linear_config": {"config", "errors", "flag_values", "flagfile"},
    "section5_config": {
        "config", "errors", "flag_values", "flagfile", "linear_config"},
    "selection_config": {
        "errors", "flag_values", "flagfile", "linear_config", "paths"},
    "run_directory": {"errors", "storage"},
    "signals": {"errors"},
    "cluster": {"errors"},
    "link": {"errors"},
    "__init__": {"run_directory"},
    "data": {"config", "errors", "paths", "streams"},
    "models": {"streams"},
    "training": {
        "cluster", "data", "models", "errors", "paths", "run_directory",
        "signals", "storage", "streams"},
    "theory": {
        "data", "models", "training", "errors", "run_directory", "signals",
        "storage", "streams"},
    "program": {"data", "run_directory", "signals"},
    "worker": {
        "cluster", "data", "errors", "link", "program", "run_directory",
        "signals", "training"},
    **{name: {"errors", "program", "theory", "theory_config"} for name in (
        "corollary1", "expressivity", "lemma1", "rademacher", "stability",
        "vc_dimension")},
    "linear": {
        "data", "errors", "run_directory", "signals", "storage", "streams",
        "training"},
    "interpolate": {"errors", "linear", "linear_config", "program"},
    "select_kernel": {
        "data", "errors", "linear", "selection_config", "signals", "storage"},
    "section5": {"errors", "linear", "program", "section5_config"},
    "paper": set(),
    "suites": {"config", "errors", "paths"},
    "suite_runner": {"errors", "run_directory", "suites"},
    "reporting": {
        "config", "errors", "linear_config", "paper", "run_directory",
        "storage", "suites"},
    "report": {"errors", "reporting", "storage", "suite_config"},
    "reproduce": {
        "config", "data", "errors", "signals", "suite_config", "suite_runner",
        "suites"},
    "summary": set(),
    "tensorboard": {"paths"},
    "train": {
        "config", "data", "errors", "program", "run_directory", "summary",
        "training", "worker"},
}

# Which modules may import a library at all, inside functions included.
_ONLY = {
    "absl": {
        "config", "flag_values", "imagenet_config", "linear_config",
        "section5_config", "selection_config", "suite_config",
        "theory_config"},
    "argparse": set(),
    "pickle": set(),
    "keras": {"models", "theory", "training"},
    "tensorflow": {
        "data.imagenet_preprocessing", "data.photograph_batches",
        "data.photographs", "data.pipeline", "data.preprocessing", "data.shard",
        "training.experiment", "training.keras_distribution",
        "training.resolvers", "training.strategy", "training.tensorboard",
        "theory.trajectory"},
    "tensorflow_datasets": {"data.imagenet", "data.prepared"},
    # NumPy's global generator and its distributions are nobody's stream.
    "random": set(),
}


@functools.cache
def _modules():
  """Returns a dict from "data.pipeline" to its syntax tree."""
  trees = {}
  for path in sorted(_PACKAGE.rglob("*.py")):
    name = ".".join(path.relative_to(_PACKAGE).with_suffix("").parts)
    trees[name] = ast.parse(path.read_text("utf-8"))
  return trees


def _imports(tree):
  """Yields the full dotted names of what a module imports, anywhere in it."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      assert node.level == 0, "relative import"
      yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own_imports(tree):
  """Yields the modules of rethink_tf that a module imports: "data.pipeline"."""
  known = _modules()
  for name in _imports(tree):
    if name.startswith("rethink_tf."):
      name = name.removeprefix("rethink_tf.")
      # `from rethink_tf.run_directory import load_run` names no module.
      yield name if name in known else name.rpartition(".")[0]


def _unit(module):
  return module.split(".")[0]


def test_the_whole_package_is_looked_at():
  modules = set(_modules())
  assert {"train", "config", "data.pipeline", "models.registry",
          "training.fit"} <= modules
  assert {_unit(module) for module in modules} <= set(_MAY_IMPORT)


def test_a_module_imports_only_what_stands_left_of_it():
  wrong = [
      f"{module} imports {imported}"
      for module, tree in _modules().items() for imported in _own_imports(tree)
      if _unit(imported) not in _MAY_IMPORT[_unit(module)] | (
          {_unit(module)} if "." in module else set())]
  assert not wrong


def test_no_two_modules_import_each_other_even_by_detours():
  graph = {m: set(_own_imports(tree)) for m, tree in _modules().items()}
  # Raises CycleError, which names the circle.
  order = list(graphlib.TopologicalSorter(graph).static_order())
  positions = [order.index(module) for module in (
      "config", "data.prepared", "training.experiment", "train")]
  assert positions == sorted(positions)


def test_libraries_are_imported_only_where_they_belong():
  wrong = []
  for module, tree in _modules().items():
    for name in _imports(tree):
      allowed = _ONLY.get(name.split(".")[0])
      if allowed is not None and not {module, _unit(module)} & allowed:
        wrong.append(f"{module} imports {name}")
  assert not wrong


def test_data_takes_no_more_than_constants_from_config():
  wrong = []
  for module, tree in _modules().items():
    if _unit(module) != "data" or "config" not in _own_imports(tree):
      continue
    used = {node.attr for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name) and node.value.id == "config"}
    assert used, f"{module} imports config under another name"
    wrong += [f"{module} uses config.{name}" for name in used
              if not name.isupper()]
  assert not wrong


def test_models_compute_with_keras_alone():
  used = {name.split(".")[0] for module, tree in _modules().items()
          if _unit(module) == "models" for name in _imports(tree)}
  assert used == {"keras", "numpy", "functools", "rethink_tf"}


def test_no_random_numbers_but_those_of_streams():
  wrong = []
  for module, tree in _modules().items():
    for node in ast.walk(tree):
      text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
      if module != "streams" and text.startswith(
          ("np.random", "tf.random", "keras.random", "keras.utils.set_random")):
        wrong.append(f"{module}: {text}")
  assert not wrong
