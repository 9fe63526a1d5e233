#!/usr/bin/env bash
# Rewrites every lock file from pyproject.toml: all.txt first, the smaller sets constrained by it, so that sets add up.
# `requirements/lock.sh --upgrade` moves to newer releases.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile pyproject.toml --python-version 3.11 --no-header --no-annotate --no-emit-index-url --no-emit-find-links --generate-hashes --quiet)
"${compile[@]}" "$@" --extra ray --extra ocr --extra k8s --extra privacy --extra connectors --extra dev -o requirements/all.txt
"${compile[@]}" -c requirements/all.txt -o requirements/core.txt
for extra in ray ocr k8s privacy connectors dev; do
  "${compile[@]}" -c requirements/all.txt --extra "$extra" -o "requirements/$extra.txt"
done
