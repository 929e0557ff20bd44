"""TensorBoard's HParams tab with the hyperparameters that tell runs apart."""

import collections

from tensorboard.plugins.hparams import backend_context
from tensorboard.plugins.hparams import hparams_plugin
from tensorboard.plugins.hparams import metadata


def show_differences(plugins):
  """Puts the tab in the place of TensorBoard's own.

  That one shows the first five hyperparameters in the order of the alphabet,
  whatever they are, and five leave no room for the accuracies behind them.

  Args:
    plugins: list of TensorBoard's plugins.

  Returns:
    The list, with `_Plugin` where its `HParamsPlugin` was.
  """
  return [_Plugin if plugin is hparams_plugin.HParamsPlugin else plugin
          for plugin in plugins]


class _Plugin(hparams_plugin.HParamsPlugin):

  def __init__(self, context):
    super().__init__(context)
    self._context = _Context(context)


class _Context(backend_context.Context):
  """What the tab asks for its columns."""

  def experiment_from_metadata(
      self, ctx, experiment_id, include_metrics, contents, *others, **named):
    experiment = super().experiment_from_metadata(
        ctx, experiment_id, include_metrics, contents, *others, **named)
    differing = _find_differing(contents)
    kept = [info for info in experiment.hparam_infos if info.name in differing]
    if kept:  # A single run shows all that it has.
      del experiment.hparam_infos[:]
      experiment.hparam_infos.extend(kept)
    return experiment


def _find_differing(contents):
  """Returns the names that have more than one value, absence being one.

  Args:
    contents: for each run the bytes of its summaries, by their tags.
  """
  runs = [
      metadata.parse_session_start_info_plugin_data(
          tags[metadata.SESSION_START_INFO_TAG]).hparams
      for tags in contents.values()
      if metadata.SESSION_START_INFO_TAG in tags]
  values = collections.defaultdict(set)
  for name in {name for hparams in runs for name in hparams}:
    for hparams in runs:
      values[name].add(
          hparams[name].SerializeToString() if name in hparams else None)
  return {name for name, found in values.items() if len(found) > 1}
