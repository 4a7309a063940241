#!/usr/bin/env bash
# check_policies.sh PROGRAM TESTS: what the program says of each policy is as the policies promise,
# and its picture has every view in its place. TESTS is the folder whose support.py reads PNG files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --out "$folder/new"
PYTHONPATH=$2 PYTHONDONTWRITEBYTECODE=1 python3 - "$folder/new" <<'EOF'
import json
import os
import sys

from support import Png

folder = sys.argv[1]
assert sorted(os.listdir(folder)) == ["texture_upload_metrics.json", "texture_upload_policies.png"]
with open(os.path.join(folder, "texture_upload_metrics.json"), encoding="utf-8") as file:
    metrics = json.load(file)
tested, textures = metrics["test_configuration"], metrics["texture_breakdown"]
policies, outputs = metrics["policy_performance"], metrics["outputs"]

assert tested["textures_mb"] >= 10 * tested["budget_mb"], tested
assert abs(textures["count"] * textures["mb_each"] - tested["textures_mb"]) < 0.1, textures
assert sum(textures["level_mb"]) <= textures["mb_each"] + 0.001, textures
assert list(policies) == outputs["rows"] == ["all", "needed_mips", "lru", "priority"]
views = len(outputs["columns"])
for name, found in policies.items():
    assert 0 <= found["full_detail_rate"] <= found["success_rate"] <= 1, (name, found)
    assert 0 <= found["memory_utilization"] <= 1, (name, found)
    assert 0 <= found["memory_used_mb"] <= tested["budget_mb"], (name, found)
    assert round(found["success_rate"] * views) == views - found["views_refused"], (name, found)

# All levels do not fit. What views sample does, but for one view, which others render with less.
assert policies["all"]["success_rate"] == policies["all"]["textures_uploaded"] == 0
assert policies["needed_mips"]["views_refused"] == 1
assert policies["needed_mips"]["views_less_detailed"] == 0
for name in ("lru", "priority"):
    assert policies[name]["success_rate"] == 1, policies[name]
    assert policies[name]["views_less_detailed"] == 1, policies[name]
for name in ("needed_mips", "lru", "priority"):
    assert policies[name]["textures_uploaded"] > 0, policies[name]
    assert policies[name]["memory_used_mb"] > 0, policies[name]

with open(os.path.join(folder, outputs["picture"]), "rb") as file:
    picture = Png(file.read())
width, height, gap = tested["width"], tested["height"], 8
assert picture.width == gap + views * (width + gap), picture.width
assert picture.height == gap + len(policies) * (height + gap), picture.height


def cell(row, column):
    """The bytes of one view under one policy, row by row."""
    left, top = gap + column * (width + gap), gap + row * (height + gap)
    step = picture.channels
    return [bytes(line[left * step : (left + width) * step])
            for line in picture.rows[top : top + height]]


def is_plain(rows):
    step = picture.channels
    return rows == [rows[0][:step] * width] * height


for row, name in enumerate(policies):
    plain = sum(is_plain(cell(row, column)) for column in range(views))
    assert plain == policies[name]["views_refused"], (name, plain)
# Where nothing is missing the policies agree to the byte; where something is, they differ.
for column in range(views):
    if is_plain(cell(1, column)):
        assert cell(2, column) != cell(3, column), outputs["columns"][column]
    else:
        assert cell(1, column) == cell(2, column) == cell(3, column), outputs["columns"][column]
EOF
