#!/usr/bin/env bash
# Builds everything and runs all tests: unit (GoogleTest), compiler (lit) and end to end.
#   ./test.sh [CTEST ARGUMENTS]        e.g. ./test.sh -R e2e
# The last line is "N passed, N failed"; the exit code is 0 when at least one test ran and none
# failed. What the tests printed is in build/Testing/Temporary/LastTest.log.
. "$(dirname "$0")/scripts/setup.sh"

install_packages "${core_packages[@]}" "${test_packages[@]}"
configure
build

say "testing ..."
results=$root/build/test-results.xml
rm -f "$results"
# The summary below judges the results, whatever ctest's exit code.
ctest --test-dir "$root/build" -j "$(nproc)" --output-on-failure --output-junit "$results" \
  --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" || true
exec /usr/bin/python3 "$root/scripts/summarize_tests.py" "$results"
