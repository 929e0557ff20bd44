#!/bin/sh
# Keras 3.15.1: `import keras` imports scikit-learn, pandas and Matplotlib's
# pyplot where they are installed.
#
# Each is for a part that hardly anybody uses in training: wrappers for
# scikit-learn, data frames as input, a gallery of images. With them come
# scipy.stats and others; a program that needs one of them for something else,
# in a branch it seldom takes, pays for all at each start.
#
# Seen: "without: 0 of 4, 1555 modules; with: 4 of 4, 2594 modules".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
  keras==3.15.1 jax==0.10.2 numpy==2.4.6 scipy==1.17.1
export KERAS_BACKEND=jax KERAS_HOME="$folder"
look() {
  "$folder/venv/bin/python" -c '
import sys
import keras
names = ("sklearn", "pandas", "matplotlib.pyplot", "scipy.stats")
print(sum(name in sys.modules for name in names), "of 4,",
      len(sys.modules), "modules")'
}
without=$(look)
"$folder/venv/bin/pip" install --quiet \
  scikit-learn==1.9.1 pandas==3.1.1 matplotlib==3.11.2
with=$(look)
echo "without: $without; with: $with"
case $without:$with in "0 of 4"*:"4 of 4"*) ;; *) echo "no longer so"; exit 1 ;; esac
