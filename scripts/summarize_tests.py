#!/usr/bin/python3
"""Counts the single tests in a JUnit file of ctest; the last line is `N passed, N failed`.

One ctest entry is a whole GoogleTest executable, lit suite, pytest folder or unittest file: what it
prints at its end says how many tests it held. An entry that says nothing of the kind counts as one test.
An entry that failed counts at least one failure, so neither a crash nor a time-out is lost.
Exits with 1 when a test failed or none ran.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree


def last_number(pattern, text):
    """The first group of the pattern's last match, 0 without a match."""
    numbers = re.findall(pattern, text, re.MULTILINE)
    return int(numbers[-1]) if numbers else 0


def count_googletest(text):
    if not re.search(r"^\[==========\] \d+ tests? from .* ran\.", text, re.MULTILINE):
        return None
    passed = last_number(r"^\[  PASSED  \] (\d+) tests?\.", text)
    failed = last_number(r"^\[  FAILED  \] (\d+) tests?, listed below:", text)
    return passed, failed


def count_lit(text):
    if not re.search(r"^Total Discovered Tests: \d+", text, re.MULTILINE):
        return None

    def number(*results):
        return sum(last_number(rf"^ +{result} *: (\d+)", text) for result in results)

    passed = number("Passed", "Passed With Retry", "Expectedly Failed")
    return passed, number("Failed", "Timed Out", "Unresolved", "Unexpectedly Passed")


def count_unittest(text):
    ran = re.findall(r"^Ran (\d+) tests? in ", text, re.MULTILINE)
    if not ran:
        return None
    skipped = last_number(r"^(?:OK|FAILED) \(.*skipped=(\d+)", text)
    # The cases of a test are listed one by one; the test they belong to failed once.
    failed = re.findall(r"^(?:FAIL|ERROR): (\w+ \([\w.]+\))", text, re.MULTILINE)
    failures = len(set(failed))
    return max(0, int(ran[-1]) - skipped - failures), failures


def count_pytest(text):
    end = re.findall(r"^(?:=+ )?(\d+ \w+(?:, \d+ \w+)*) in [\d.]+s", text, re.MULTILINE)
    if not end:
        return None

    def number(*results):
        return sum(last_number(rf"\b(\d+) {result}\b", end[-1]) for result in results)

    return number("passed", "xfailed"), number("failed", "errors?", "xpassed")


def count_entry(case):
    """(passed, failed) of one ctest entry."""
    status = case.get("status")
    if status in ("notrun", "disabled"):
        return (0, 0) if status == "disabled" else (0, 1)
    text = case.findtext("system-out") or ""
    counts = (count(text) for count in (count_googletest, count_lit, count_unittest, count_pytest))
    passed, failed = next(filter(None, counts), (int(status == "run"), 0))
    return passed, max(failed, int(status != "run"))


def main():
    try:
        cases = ElementTree.parse(sys.argv[1]).findall("testcase")
    except (OSError, ElementTree.ParseError) as error:
        print(f"error: no test results: {error}", file=sys.stderr)
        cases = []
    counts = [count_entry(case) for case in cases]
    passed, failed = sum(c[0] for c in counts), sum(c[1] for c in counts)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
