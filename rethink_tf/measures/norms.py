"""Norms of a network's weights, and bounds made of them.

Each is a function of a `Subject`. Biases and normalization's offsets are in
none of them but the path norms, through which they lead too.
"""

import keras
import numpy as np

from rethink_tf.measures import subject as subject_lib

# Layers through which paths lead with weights that are those of `weights`.
_MEAN = "GlobalAveragePooling2D"
_NORMALIZATIONS = (
    "BatchNormalization", "LocalResponseNormalization", "LayerNormalization")


def frobenius_norm(subject):
  """sqrt(sum of ||W||_F^2) over all kernels W."""
  return _root_of_squares(kernel.values for kernel in subject.kernels)


def distance_from_initialization(subject):
  """sqrt(sum of ||W - W_0||_F^2), W_0 being W at initialization.

  Nagarajan and Kolter (2017); it enters bounds in place of the norm.
  """
  return _root_of_squares(
      kernel.values - kernel.initial for kernel in subject.kernels)


def spectral_product(subject):
  """The product of ||W||_2 over all kernels, each as `spectral_norm` has it.

  A bound of the network's Lipschitz constant where layers follow one another.
  """
  return float(np.prod(spectral_norms(subject)))


def spectral_sum(subject):
  """The sum of ||W||_2 over all kernels."""
  return float(np.sum(spectral_norms(subject)))


def path_norm_l1(subject):
  """The sum over all paths of the product of |w| along the path."""
  return _path_norm(subject, 1)


def path_norm_l2(subject):
  """The root of the sum over paths of the product of w^2 along the path.

  Neyshabur, Tomioka and Srebro (2015): reference 28 of the paper.
  """
  return _path_norm(subject, 2)


def spectral_complexity(subject):
  """Bartlett, Foster and Telgarsky's R_A (2017, equation 1.2).

  prod_i s_i * (sum_i (||W_i^T - W_i0^T||_{2,1} / s_i)^{2/3})^{3/2}, where s_i
  is the spectral norm and the (2,1) norm sums the Euclidean norms of what each
  output is computed with. Networks whose layers follow one another, each with
  ReLU, a Lipschitz constant of 1.
  """
  subject.refuse_layers(
      *_NORMALIZATIONS, "MaxPooling2D", "Concatenate", "Add", "Attention",
      "AddPositions")
  norms = spectral_norms(subject)
  moved = np.array([_moved_by_output(k) for k in subject.kernels])
  return float(np.prod(norms) * np.sum((moved / norms) ** (2 / 3)) ** 1.5)


def spectral_norms(subject):
  """Returns the `spectral_norm` of each kernel, float64, found once."""
  if "spectral_norms" not in subject.kept:
    subject.kept["spectral_norms"] = np.array(
        [spectral_norm(kernel) for kernel in subject.kernels])
  return subject.kept["spectral_norms"]


def spectral_norm(kernel):
  """Returns the largest singular value of a `Kernel`'s linear map.

  Of a convolution, of the circular one on images of the size that it sees,
  whose Fourier transform is block diagonal (Sedghi, Gupta and Long, 2019). The
  network pads with zeros: what the two norms differ by comes from the border.
  """
  if kernel.size is None:
    return float(np.linalg.norm(kernel.values, 2))
  return circular_norm(kernel.values, kernel.size, kernel.stride)


def circular_norm(values, size, stride=1):
  """Returns the spectral norm of a circular convolution, exactly.

  With a stride s each frequency of the output mixes s^2 of the input's, whose
  blocks stand side by side, and the norm is that of these over s.

  Args:
    values: `(height, width, in, out)`.
    size: `(h, w)` of the input, multiples of the stride.
    stride: s.

  Raises:
    UndefinedError: the kernel is larger than the image, or the stride divides
      its sides not.
  """
  height, width = size
  if values.shape[0] > height or values.shape[1] > width or (
      height % stride or width % stride):
    raise subject_lib.UndefinedError(
        f"a convolution of {values.shape[0]}x{values.shape[1]} with stride "
        f"{stride} on {height}x{width} pixels")
  blocks = np.fft.fft2(values, size, axes=(0, 1))
  inputs, outputs = values.shape[2:]
  aliased = blocks.reshape(
      stride, height // stride, stride, width // stride, inputs, outputs)
  # Of a real kernel, the other half are complex conjugates.
  half = aliased[:, :, :, :width // stride // 2 + 1]
  side_by_side = half.transpose(1, 3, 0, 2, 4, 5).reshape(
      -1, stride**2 * inputs, outputs)
  if side_by_side.shape[1] < outputs:
    side_by_side = side_by_side.swapaxes(1, 2)
  # The largest eigenvalue of the smaller product: squaring loses digits of
  # small singular values alone, and takes a tenth of the time.
  products = side_by_side.conj().swapaxes(1, 2) @ side_by_side
  largest = np.linalg.eigvalsh(products)[:, -1].max()
  return float(np.sqrt(largest) / stride)


def _root_of_squares(arrays):
  return float(np.sqrt(sum(np.square(array).sum() for array in arrays)))


def _moved_by_output(kernel):
  """Returns ||W^T - W_0^T||_{2,1}; a convolution has its outputs everywhere."""
  moved = kernel.values - kernel.initial
  places = 1 if kernel.size is None else np.prod(kernel.size) / kernel.stride**2
  columns = moved.reshape(-1, moved.shape[-1])
  return float(places * np.linalg.norm(columns, axis=0).sum())


def _path_norm(subject, power):
  """By a forward pass of ones through |w|^power, which ReLU lets through.

  A max-pool takes its largest path's. Paths through a normalization have no
  weight of their own.
  """
  subject.refuse_layers(*_NORMALIZATIONS, "Attention", "AddPositions", *(
      [_MEAN] if power != 1 else []))  # Its 1/49 would count once, not twice.
  model = keras.models.clone_model(subject.model)
  model.set_weights([np.abs(w) ** power for w in subject.model.get_weights()])
  outputs = model(np.ones((1, *model.input_shape[1:]), np.float32))
  total = np.asarray(keras.ops.convert_to_numpy(outputs), np.float64).sum()
  return float(total ** (1 / power))
