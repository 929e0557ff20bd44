"""Corollary 1: the same with depth k, width O(n/k) and O(n + d) weights.

Appendix C trades width for depth: the projections are cut into b blocks of
n/b neighbours, "at layer j, apply the construction from the proof to all
points in" block j, and a multiplexer adds up f_j o_j, with o_j the output of
block j's network and f_j an approximate indicator of its interval.

What the appendix leaves out, and what is done here:

- The position z = <a, x> is needed in every layer: one ReLU unit hands it on,
  which is the identity because z is made nonnegative first.
- Beyond its block o_j would go on with its last slope, as large as one over the
  narrowest gap. One more unit, at the block's last point, takes that slope
  back: o_j stays at its last value, and the multiplexer's constant M stays
  small.
- o_j >= 0, for which targets are shifted by their minimum; the last layer
  shifts back.
- f_j = max(1 - max(r (p - z), 0) - max(s (z - q), 0), 0): p and q lie in the
  middle of the gaps beside the block, and the slopes r and s make f_j fall from
  1 to 0 in a quarter of the gap. At every point of the sample f_j is exactly 0
  or 1; it is approximate only between blocks.
- The product f_j o_j is max(o_j - M (1 - f_j), 0), M above every o_j.
- The depth is b + c with c = 4, counting the layer of outputs; the appendix's
  last line must mean k = b + c. For k <= 4 the network of Theorem 1, of
  depth 2 and width n, is the corollary's.
"""

import dataclasses

import numpy as np

from rethink_tf.theory import theorem1

# depth = blocks + DEPTH, width = ceil(n / blocks) + WIDTH.
DEPTH = 4
WIDTH = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
  """The units of one block, m points of it.

  Attributes:
    thresholds, weights: b and w of its network, float64 `(m + 1,)`; the last
      unit takes the slope back.
    scales, offsets: of its indicator's two ramps max(scale z + offset, 0),
      float64 `(2,)`.
  """

  thresholds: np.ndarray
  weights: np.ndarray
  scales: np.ndarray
  offsets: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class DeepNetwork:
  """The network of Corollary 1.

  Attributes:
    direction: a, float64 `(d,)`.
    origin: the position is max(<a, x> - origin, 0).
    blocks: a tuple of `Block`, leftmost first.
    gate: M.
    shift: what the last layer adds.
    count: n, the number of distinct points.
    error_bound: as in `theorem1.Network`.
  """

  direction: np.ndarray
  origin: float
  blocks: tuple[Block, ...]
  gate: float
  shift: float
  count: int
  error_bound: float


def fit(points, targets, blocks, seed=1):
  """Builds the network of Corollary 1.

  Args:
    points: real `(n, d)`.
    targets: real `(n,)`.
    blocks: b, at most the number of distinct points.
    seed: seed of the direction.

  Returns:
    A `DeepNetwork`.

  Raises:
    ValueError: as `theorem1.fit`; or there are more blocks than points.
  """
  points, targets = theorem1.check(points, targets)
  line = theorem1.project(points, seed, targets)
  count = len(line.order)
  if not 1 <= blocks <= count:
    raise ValueError(
        f"blocks: expected a whole number from 1 to {count:,}, the number of "
        f"distinct points. Received: {blocks}")
  # A difference of projections, so that integer points keep exact positions.
  gaps = np.diff(line.projections)
  origin = line.projections[0] - (gaps.max() if gaps.size else 1.0)
  positions = line.projections - origin
  shift = float(targets.min())
  raised = targets[line.order] - shift
  built = tuple(
      _build_block(positions, raised, part)
      for part in np.array_split(np.arange(count), blocks))
  return DeepNetwork(
      line.direction, float(origin), built,
      gate=2 * float(raised.max()) + 1, shift=shift, count=count,
      error_bound=_bound_error(built, line, positions, raised, shift))


def _build_block(positions, targets, part):
  """Returns the `Block` of the points `part`, indices in a row."""
  first, last = part[0], part[-1]
  before = positions[first - 1] if first else 0.0
  inside = positions[part]
  knots = theorem1.thresholds(inside, before)
  weights = theorem1.solve(inside, knots, targets[part])
  left = before - 2.0 if first == 0 else before
  right = (positions[last + 1] if last + 1 < len(positions)
           else positions[last] + 2.0)  # Nothing beyond: out of reach.
  middles = np.array([left + inside[0], inside[-1] + right]) / 2
  scales = np.array(
      [-4 / (inside[0] - left), 4 / (right - inside[-1])])
  return Block(
      np.append(knots, inside[-1]), np.append(weights, -weights.sum()),
      scales, -scales * middles)


def _bound_error(blocks, line, positions, targets, shift):
  """Bounds the error at a point as `theorem1.bound_error` does.

  Of blocks to the right o_j is 0, of those to the left it is gated; so that the
  errors of one block count, and those of a few more operations.
  """
  unit = theorem1.UNIT
  reach = positions[-1]
  magnitudes = max(
      float(np.abs(b.weights) @ np.maximum(reach - b.thresholds, 0))
      for b in blocks)
  slope = max(float(np.abs(np.cumsum(b.weights)).max()) for b in blocks)
  units = max(len(b.weights) for b in blocks)
  largest = 4 * float(targets.max()) + abs(shift) + 4
  return ((units + 20) * unit * magnitudes + 3 * line.rounding * slope
          + (len(blocks) + 10) * unit * largest)
