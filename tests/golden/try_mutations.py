"""Tries each mutation on each model family; writes a table of what went red."""

from rethink_tf import paths
from rethink_tf.data import datasets
from rethink_tf.runs import storage
from tests.golden import golden
from tests.golden import mutations

_HEAD = """\
# What the golden numbers catch

`bazel run //tests:try_mutations` makes each mistake in turn, runs the golden
run of one flagfile a model family on the digits, and writes here which
quantities left their tolerance. `//tests/golden:mutations_test` repeats it.

"""


def main():
  golden.make_deterministic()
  fingerprint = datasets.load(mutations.DATASET).fingerprint
  numbers = golden.read(golden.path(mutations.DATASET, fingerprint))
  lines = ["| mutation | " + " | ".join(mutations.STEMS) + " |",
           "|" + " --- |" * (1 + len(mutations.STEMS))]
  for mutation in mutations.MUTATIONS:
    cells = [", ".join(mutations.caught(mutation, stem, numbers)) or "green"
             for stem in mutations.STEMS]
    lines.append(f"| {mutation} | " + " | ".join(cells) + " |")
    print(lines[-1], flush=True)
  file = paths.workspace() / "tests" / "golden" / "MUTATIONS.md"
  storage.write_text(file, _HEAD + "\n".join(lines) + "\n")


if __name__ == "__main__":
  main()
