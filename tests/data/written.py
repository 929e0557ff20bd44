"""Small data sets in the files that TFDS prepares, in any of its formats."""

import json

from array_record.python import array_record_module
import tensorflow as tf
import tensorflow_datasets as tfds


def write_dataset(folder, file_format, features, splits, files=1):
  """Writes a prepared data set, as TFDS finds it again.

  Args:
    folder: of its version, `pathlib.Path`; made here.
    file_format: "tfrecord", "array_record", or another, of which TFDS only
      learns the name.
    features: a dict of `tfds.features`.
    splits: dict from a split's name to its records, a list of bytes.
    files: over how many files each split goes.
  """
  folder.mkdir(parents=True)
  name = folder.parent.name
  tfds.features.FeaturesDict(features).save_config(folder)
  described = []
  for split, records in splits.items():
    size = -(-len(records) // files)
    parts = [records[i * size:(i + 1) * size] for i in range(files)]
    for number, part in enumerate(parts):
      write_records(
          folder / f"{name}-{split}.{file_format}-{number:05d}-of-{files:05d}",
          file_format, part)
    described.append({
        "name": split, "numBytes": str(sum(map(len, records))),
        "shardLengths": [str(len(part)) for part in parts],
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"})
  (folder / "dataset_info.json").write_text(json.dumps({
      "name": name, "version": folder.name, "fileFormat": file_format,
      "splits": described}))


def write_records(path, file_format, records):
  """Writes a file of records, each bytes."""
  if file_format == "tfrecord":
    with tf.io.TFRecordWriter(str(path)) as writer:
      for record in records:
        writer.write(record)
  elif file_format == "array_record":
    writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
      writer.write(record)
    writer.close()


def make_record(**values):
  """Returns a record, bytes, of features that are bytes or whole numbers."""
  feature = {
      name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
      if isinstance(value, bytes) else
      tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
      for name, value in values.items()}
  return tf.train.Example(
      features=tf.train.Features(feature=feature)).SerializeToString()
