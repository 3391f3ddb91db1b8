#!/usr/bin/python3
"""The counts that test.sh prints, from what each kind of test runner prints."""

import pathlib
import subprocess
import sys
import tempfile
import unittest
from xml.sax.saxutils import escape

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "summarize_tests.py"

GOOGLETEST = """[==========] 3 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 2 tests.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Half.Rounds
"""
LIT = """Total Discovered Tests: 9
  Unsupported      : 1 (11.11%)
  Passed           : 5 (55.56%)
  Expectedly Failed: 1 (11.11%)
  Failed           : 2 (22.22%)
"""
UNITTEST = """FAIL: test_b (__main__.Cases.test_b) (length=1)
FAIL: test_b (__main__.Cases.test_b) (length=2)
Ran 4 tests in 0.010s

FAILED (failures=2, skipped=1)
"""
PYTEST = """FAILED tests/test_a.py::test_b - assert 1 == 2
1 failed, 4 passed, 1 skipped, 2 warnings, 1 error in 20.61s
"""


class Summary(unittest.TestCase):
    def check(self, entries, last_line, code):
        """Entries are (status, output) of one ctest entry each."""
        cases = "".join(
            f'<testcase name="t" status="{status}"><system-out>{escape(output)}</system-out>'
            "</testcase>"
            for status, output in entries
        )
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(f"<testsuite>{cases}</testsuite>")
            file.flush()
            result = subprocess.run([sys.executable, SCRIPT, file.name], capture_output=True)
        self.assertEqual(result.stdout.decode().splitlines()[-1], last_line)
        self.assertEqual(result.returncode, code)

    def test_googletest(self):
        self.check([("fail", GOOGLETEST)], "2 passed, 1 failed", 1)

    def test_lit(self):
        self.check([("fail", LIT)], "6 passed, 2 failed", 1)

    def test_unittest(self):
        self.check([("fail", UNITTEST)], "2 passed, 1 failed", 1)

    def test_pytest(self):
        self.check([("fail", PYTEST)], "4 passed, 2 failed", 1)
        for end in ("3 passed in 0.1s", "===== 3 passed in 61.02s (0:01:01) ====="):
            self.check([("run", end + "\n")], "3 passed, 0 failed", 0)

    def test_entries_add_up(self):
        passed = GOOGLETEST.split("[  FAILED")[0]
        self.check([("run", passed), ("run", ""), ("disabled", "")], "3 passed, 0 failed", 0)

    def test_a_crash_and_a_missing_program_are_failures(self):
        self.check([("fail", ""), ("notrun", "")], "0 passed, 2 failed", 1)

    def test_a_crash_after_passing_tests_is_a_failure(self):
        passed = GOOGLETEST.split("[  FAILED")[0]
        self.check([("fail", passed)], "2 passed, 1 failed", 1)

    def test_no_tests_fail(self):
        self.check([], "0 passed, 0 failed", 1)


if __name__ == "__main__":
    unittest.main()
