#!/usr/bin/env python3
"""How far tandem's pictures are from those of other renderers: fidelity.py [--program TANDEM] [NAME...]

Every scenario under golden/ of the folder that TANDEM_ASSETS names is rendered with its camera and
light, at twice the size and scaled down as the reference images were, and compared with each of
them. Where there is a path-traced reference in linear light (golden/own-cycles), that too.

The distance is the root mean square, over pixels where either picture is covered, of a difference of
colours in YIQ (Kotsarenko and Ramos, "Measuring Perceived Color Difference using YIQ NTSC
Transmission Color Space in Mobile Applications", 2010), in dB below the largest possible one.

Needs numpy and Pillow, and OpenEXR for the references in linear light.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

try:
    import OpenEXR
except ImportError:
    OpenEXR = None

RENDERERS = ("blender-cycles", "filament", "gltf-sample-viewer", "model-viewer")
# To be no further from the path tracer than Filament is, plus 1 dB.
AGAINST_FILAMENT = ("Lantern", "Sponza", "BoxTextured", "MetalRoughSpheresNoTextures",
                    "NormalTangentTest", "TextureTransformTest")
# Of what those references show, this version draws only a part.
APART = {"AlphaBlendModeTest": "blended surfaces"}
TO_YIQ = numpy.array([[0.29889531, 0.58662247, 0.11448223],
                      [0.59597799, -0.27417610, -0.32180189],
                      [0.21147017, -0.52261711, 0.31114694]])
WEIGHTS = numpy.array([0.5053, 0.299, 0.1957])
LARGEST = 35215  # of the weighted square, between 8-bit colours


def picture(path, size=None):
    image = Image.open(path).convert("RGBA")
    if size and image.size != size:
        image = image.resize(size, Image.LANCZOS)
    return numpy.asarray(image, dtype=float)


def on_white(pixels):
    alpha = pixels[..., 3:] / 255
    return pixels[..., :3] * alpha + 255 * (1 - alpha)


def distance(a, b):
    covered = (a[..., 3] > 0) | (b[..., 3] > 0)
    yiq = (on_white(a) - on_white(b)) @ TO_YIQ.T
    return 10 * math.log10((yiq ** 2 @ WEIGHTS)[covered].mean() / LARGEST + 1e-12)


def place(scenario):
    """Where the camera stands and what it looks at."""
    theta, phi = (math.radians(scenario["orbit"][angle]) for angle in ("theta", "phi"))
    way = numpy.array([math.sin(phi) * math.sin(theta), math.cos(phi),
                       math.sin(phi) * math.cos(theta)])
    target = numpy.array([scenario["target"][axis] for axis in "xyz"])
    radius = scenario["orbit"]["radius"]
    if radius == 0:
        return target, target - way
    return target + radius * way, target


def render(program, assets, scenario, output, tonemap, environment, behind, scale):
    eye, target = place(scenario)
    width, height = (scale * scenario["dimensions"][side] for side in ("width", "height"))
    command = [program, "render", assets / scenario["model"], "-o", output, "-q", "--overwrite",
               f"--size={width}x{height}", f"--fov={scenario['verticalFoV']}",
               "--eye=" + ",".join(f"{value:.9g}" for value in eye),
               "--target=" + ",".join(f"{value:.9g}" for value in target),
               f"--env={environment}", f"--tonemap={tonemap}",
               "--background", "env" if behind else "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{scenario['name']}: {done.stderr.strip()}")


def light_of(assets, scenario):
    light = scenario["lighting_present"]
    name = light.split(" ")[0] if isinstance(light, str) else "env/" + scenario["lighting"]
    return assets / name


def compare(program, assets, scenario, folder):
    """Distances by renderer, and Filament's from the path tracer."""
    output = folder / "ours.png"
    render(program, assets, scenario, output, "aces", light_of(assets, scenario),
           scenario["renderSkybox"], 2)
    goldens = {}
    for path in sorted((assets / "golden" / "images" / scenario["name"]).iterdir()):
        goldens[path.name.split("-golden")[0]] = picture(path)
    row = {name: distance(picture(output, golden.shape[1::-1]), golden)
           for name, golden in goldens.items()}
    between = None
    if "filament" in goldens and "blender-cycles" in goldens:
        cycles = goldens["blender-cycles"]
        filament = Image.fromarray(goldens["filament"].astype("uint8"), "RGBA")
        size = cycles.shape[1::-1]
        between = distance(numpy.asarray(filament.resize(size, Image.LANCZOS), dtype=float), cycles)
    return row, between


def to_linear(encoded):
    return numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def compare_linear(program, assets, scenario, folder):
    """Root mean square of linear light, cut at 1, where both are covered; None: no reference."""
    path = assets / "golden" / "own-cycles" / f"{scenario['name']}.exr"
    if not OpenEXR or not path.exists():
        return None
    with OpenEXR.File(str(path)) as file:
        channels = file.channels()
        names = ("RGBA",) if "RGBA" in channels else ("R", "G", "B", "A")
        reference = numpy.dstack([channels[name].pixels for name in names]).astype(float)
    output = folder / "linear.png"
    environment = assets / "env" / "lightroom_14b_from_filament_ibl_1k.hdr"
    render(program, assets, scenario, output, "linear", environment, False, 2)
    ours = picture(output, reference.shape[1::-1]) / 255
    both = (ours[..., 3] > 0.999) & (reference[..., 3] > 0.999)
    cut = numpy.clip(reference[..., :3], 0, 1)
    return math.sqrt(((to_linear(ours[..., :3]) - cut) ** 2)[both].mean())


def shown(value):
    return "      " if value is None else f"{value:6.1f}"


def print_scenario(name, row, between, linear):
    short = name.removeprefix("khronos-")
    best = min(row.values())
    line = f"{short:30}" + "".join(f" {shown(row.get(renderer))}" for renderer in RENDERERS)
    line += f"  {best:6.1f}  {shown(between)}"
    if linear is not None:
        line += f"  {linear:.4f}"
    if short in APART:
        line += f"  ({APART[short]})"
    elif best > -20:
        line += "  MISSED"
    if short in AGAINST_FILAMENT and between is not None:
        line += "" if row["blender-cycles"] <= between + 1 else "  further than Filament"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/tandem")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them by default")
    arguments = parser.parse_args()
    if not os.environ.get("TANDEM_ASSETS"):
        sys.exit("TANDEM_ASSETS names no folder with golden/scenarios.json")
    assets = pathlib.Path(os.environ["TANDEM_ASSETS"])
    scenarios = json.loads((assets / "golden" / "scenarios.json").read_text())["scenarios"]
    print(f"{'':30}" + "".join(f" {name[:6]:>6}" for name in RENDERERS)
          + "    best  F. to C.  linear")
    bests = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for scenario in scenarios:
            short = scenario["name"].removeprefix("khronos-")
            if not scenario["model_present"] or (arguments.names and short not in arguments.names):
                continue
            linear = compare_linear(arguments.program, assets, scenario, folder)
            if not scenario["lighting_present"]:
                if linear is not None:
                    print(f"{short:30}{'(its light is not here)':>46}  {linear:.4f}")
                continue
            row, between = compare(arguments.program, assets, scenario, folder)
            bests.append(min(row.values()))
            print_scenario(scenario["name"], row, between, linear)
    if bests:
        print(f"median of the best {statistics.median(bests):.1f} dB, worst {max(bests):.1f} dB")


if __name__ == "__main__":
    main()
