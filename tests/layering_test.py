"""Tests of the import graph: it is the data flow, in one direction."""

import ast
import functools
import graphlib
import pathlib
import sys

import rethink_tf

_PACKAGE = pathlib.Path(rethink_tf.__file__).parent

# digests, documents, errors, paths, streams -> data -> models -> runs ->
# flags -> distributed -> training -> linear, theory, notebook, measures ->
# suites, reporting -> programs. For each folder, and each module beside them,
# what of rethink_tf it may import: a folder or one module of it; a folder also
# imports from itself. A new folder needs a line here. Of data and models, flags
# know the tables of names and sizes alone.
_MAY_IMPORT = {
    "digests": set(),
    "documents": set(),
    "errors": set(),
    "streams": set(),
    "paths": {"errors"},
    "data": {"errors", "paths", "streams"},
    "models": {"digests", "paths", "streams"},
    "runs": {"data.catalog", "digests", "documents", "errors", "paths"},
    "__init__": {"notebook"},
    "__main__": {"errors"},
    "notebook": {"errors", "flags", "runs", "training"},
    "flags": {
        "data.catalog", "documents", "errors", "models.registry", "paths"},
    "distributed": {"data", "errors", "models"},
    "training": {
        "data", "distributed", "errors", "models", "runs", "streams"},
    "theory": {"data", "errors", "models", "runs", "streams", "training"},
    "linear": {
        "data", "documents", "errors", "runs", "streams", "training"},
    "measures": {
        "data", "errors", "models", "runs", "streams", "training"},
    "paper": set(),
    "suites": {
        "data.catalog", "documents", "errors", "flags", "models.registry",
        "paths", "runs"},
    "reporting": {
        "data.catalog", "documents", "errors", "flags", "models.registry",
        "paper", "runs", "suites"},
    "programs": {
        "data", "distributed", "errors", "flags", "linear", "measures",
        "notebook", "paths", "reporting", "runs", "suites", "theory",
        "training"},
}

# Which modules may import a library at all, inside functions included.
_ONLY = {
    "absl": {"flags"},
    "argparse": set(),
    "array_record": {"data.records"},
    "pickle": set(),
    "jax": {"data.device", "training.compiled"},
    "keras": {
        "distributed.keras_repairs", "distributed.strategy", "measures",
        "models", "runs.environment", "theory", "training"},
    "tensorflow": {
        "data.epochs", "data.imagenet.batches", "data.imagenet.photographs",
        "data.imagenet.preprocessing", "data.pipeline", "data.preprocessing",
        "data.records", "data.shard", "distributed.keras_repairs",
        "distributed.coordinator", "distributed.pods", "distributed.servers",
        "distributed.strategy", "measures.critical_samples",
        "measures.sampled_loss", "models.normalization", "runs.environment",
        "theory.trajectory", "training.asynchronous", "training.determinism",
        "training.sgd"},
    "tensorflow_datasets": {"data.imagenet.loader", "data.prepared"},
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
      # `from rethink_tf.runs.loading import load_run` names no module.
      yield name if name in known else name.rpartition(".")[0]


def _unit(module):
  return module.split(".")[0]


def test_the_whole_package_is_looked_at():
  modules = set(_modules())
  assert {"programs.train", "flags.training", "data.pipeline",
          "models.registry", "training.fit"} <= modules
  assert {_unit(module) for module in modules} <= set(_MAY_IMPORT)


def test_a_module_imports_only_what_stands_left_of_it():
  wrong = [
      f"{module} imports {imported}"
      for module, tree in _modules().items() for imported in _own_imports(tree)
      if not {imported, _unit(imported)} & (_MAY_IMPORT[_unit(module)] | (
          {_unit(module)} if "." in module else set()))]
  assert not wrong


def test_no_two_modules_import_each_other_even_by_detours():
  graph = {m: set(_own_imports(tree)) for m, tree in _modules().items()}
  # Raises CycleError, which names the circle.
  order = list(graphlib.TopologicalSorter(graph).static_order())
  positions = [order.index(module) for module in (
      "data.catalog", "data.prepared", "training.experiment",
      "programs.train")]
  assert positions == sorted(positions)


def test_libraries_are_imported_only_where_they_belong():
  wrong = []
  for module, tree in _modules().items():
    for name in _imports(tree):
      allowed = _ONLY.get(name.split(".")[0])
      if allowed is not None and not {module, _unit(module)} & allowed:
        wrong.append(f"{module} imports {name}")
  assert not wrong


def test_models_compute_with_keras_alone():
  """But for one module, which has a faster way on TensorFlow."""
  used = {name.split(".")[0] for module, tree in _modules().items()
          if _unit(module) == "models" and module != "models.normalization"
          for name in _imports(tree)}
  assert used - set(sys.stdlib_module_names) == {
      "keras", "numpy", "rethink_tf"}


def test_no_random_numbers_but_those_of_streams():
  wrong = []
  for module, tree in _modules().items():
    for node in ast.walk(tree):
      text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
      if module != "streams" and text.startswith(
          ("np.random", "tf.random", "keras.random", "keras.utils.set_random")):
        wrong.append(f"{module}: {text}")
  assert not wrong
