#!/usr/bin/env bash
# backends.sh: checks that only backends.cpp includes headers of a backend's folder.
set -euo pipefail
cd "$(dirname "$0")/../../runtime"
others=$(grep -lE '#include "(cpu|cuda|interpreter)/' ./*.cpp ./*.h cache/* tensor/* |
  grep -v '^\./backends\.cpp$' || true)
if [ -n "$others" ]; then
  echo "these files know a backend; use the interface in backend.h:"
  echo "$others"
  exit 1
fi
echo "one file knows the backends"
