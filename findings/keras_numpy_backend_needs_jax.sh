#!/bin/sh
# Keras 3.15.1: the NumPy backend cannot be imported without JAX.
#
# KERAS_BACKEND=numpy is the light backend, for inference where no framework is
# installed. Its fast Fourier transform is JAX's, taken when the module is
# imported: with NumPy and SciPy `import keras` ends in ModuleNotFoundError, with
# JAX beside them the import works. (SciPy is no dependency of Keras's either.)
#
# Seen: "No module named 'jax'", then "3.15.1 numpy".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
  keras==3.15.1 numpy==2.4.6 scipy==1.17.1
export KERAS_BACKEND=numpy KERAS_HOME="$folder"
seen=$("$folder/venv/bin/python" -c 'import keras' 2>&1 | tail -n 1)
echo "without JAX: $seen"
case $seen in *"No module named 'jax'"*) ;; *) echo "no longer so"; exit 1 ;; esac
"$folder/venv/bin/pip" install --quiet jax==0.10.2
"$folder/venv/bin/python" -c '
import keras
print("with JAX:", keras.__version__, keras.backend.backend())'
