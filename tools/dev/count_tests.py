"""Counts single tests in meson's test logs; the last line is 'N passed, N failed, N skipped'.

A program that uses cmocka counts as many tests as it reports; any other program counts as one. A
program that dies counts as one failure more than it reported. Exits 1 if anything failed or nothing
ran.
"""

import argparse
import datetime
import json
import re
import sys

OUTCOMES = {"OK": 0, "EXPECTEDFAIL": 0, "SKIP": 2}
REASON = r"\[ +ERROR +\] --- |\S+\.[ch]:\d+: error|\w*Error: |.*ERROR: \w+Sanitizer"
MOST_REASONS = 6
BEGIN, END = "<!-- long run -->", "<!-- end -->"


def single_tests(entry):
    """[passed, failed, skipped] and the names of the failed tests of one program."""
    text = (entry.get("stdout") or "") + (entry.get("stderr") or "")
    passed = len(re.findall(r"^\[ +OK \] ", text, re.MULTILINE))
    # cmocka names these again in its closing list.
    skipped = len(set(re.findall(r"^\[ +SKIPPED +\] (?!\d+ test)(\S+)", text, re.MULTILINE)))
    failed = set(re.findall(r"^\[ +FAILED +\] (?!\d+ test)(\S+)", text, re.MULTILINE))
    outcome = OUTCOMES.get(entry["result"], 1)
    if outcome == 1 and not failed:
        failed = {entry["result"].lower()}
    if passed + skipped + len(failed) == 0:
        return [outcome == 0, 0, outcome == 2], []
    return [passed, len(failed), skipped], sorted(failed)


def reasons(entry):
    """What cmocka or Python's unittest said of each failure, so that the end of a log tells why."""
    lines = ((entry.get("stdout") or "") + (entry.get("stderr") or "")).splitlines()
    said = [line for line in lines if re.match(REASON, line)]
    return said[:MOST_REASONS]


def count(paths):
    totals, failures = [0, 0, 0], []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                counts, failed = single_tests(entry)
                totals = [a + b for a, b in zip(totals, counts)]
                failures += [f"failed: {path.split('/')[0]}: {entry['name']}: {name}" for name in failed]
                failures += ["    " + reason for reason in reasons(entry) if failed]
    return totals, failures


def keep_summary(page, summary):
    """Replaces what stands between the two markers of a page."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    today = datetime.date.today().isoformat()
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{head}{BEGIN}\n{today}: {summary}\n{END}{tail}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--summary", help="a page that keeps the last summary")
    parser.add_argument("logs", nargs="+")
    arguments = parser.parse_args()
    (passed, failed, skipped), failures = count(arguments.logs)
    for failure in failures:
        print(failure)
    summary = f"{passed} passed, {failed} failed, {skipped} skipped"
    if arguments.summary:
        keep_summary(arguments.summary, summary)
    print(summary)
    sys.exit(1 if failed or passed == 0 else 0)


main()
