"""Writes an apt source for a Debian release and its backports, from the machine's own entry.

The mirror and the key are whatever the machine uses for the release itself, so this works behind a
private mirror and needs no address of its own. Both forms are read: one-line .list files and
deb822 .sources files.
"""

import glob
import re
import sys


def stanzas(path):
    """Fields of each stanza of a deb822 file; continuation lines stay with their field."""
    with open(path, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    for block in re.split(r"\n\s*\n", text):
        fields = re.findall(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", block, re.MULTILINE)
        if fields:
            yield {name.lower(): value.strip() for name, value in fields}


def deb822_entries(path):
    for fields in stanzas(path):
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            for suite in fields.get("suites", "").split():
                yield suite, fields.get("uris", "").split()[:1], fields.get("signed-by", "")


def one_line_entries(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s", line)
            if match:
                options = dict(o.split("=", 1) for o in (match[1] or "").split() if "=" in o)
                yield match[3], [match[2]], options.get("signed-by", "").replace(",", " ")


def entries():
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        yield from deb822_entries(path)
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*.list"))]:
        try:
            yield from one_line_entries(path)
        except FileNotFoundError:
            continue


def main():
    release = sys.argv[1]
    for suite, uris, key in entries():
        if suite == release and uris:
            print(f"Types: deb\nURIs: {uris[0]}\nSuites: {release} {release}-backports\nComponents: main")
            if key:
                print(f"Signed-By: {key}" if "\n" not in key else "Signed-By:\n " + key)
            return
    sys.exit(f"dev: no package source for {release} found under /etc/apt")


main()
