"""Rewrites the golden numbers of the data that is here; prints what moved."""

import json

from rethink_tf import errors
from rethink_tf.runs import storage
from tests.golden import golden


def main():
  golden.make_deterministic()
  for dataset in ("digits", "cifar10", "imagenet2012"):
    try:
      fingerprint = golden.fingerprint(dataset)
    except errors.DataError as error:
      print(f"{dataset}: left as it is: {error}")
      continue
    file = golden.workspace_path(dataset, fingerprint)
    before = golden.read(file)
    after = {s: golden.measure(s, dataset) for s in golden.names(dataset)}
    storage.write_text(file, json.dumps(after, indent=1) + "\n")
    _print_moves(dataset, before, after)


def _print_moves(dataset, before, after):
  for stem in sorted({*before, *after}):
    if stem not in before or stem not in after:
      print(f"{dataset} {stem}: {'new' if stem in after else 'gone'}")
      continue
    for line in golden.differences(before[stem], after[stem]):
      print(f"{dataset} {stem}: {line}")


if __name__ == "__main__":
  main()
