"""Runs the benchmarks and prints each figure beside its baseline from the same run.

tandem and the renderer that it is compared with take turns, so that whatever else the machine does
meets both; the median of the turns counts. Baselines come from a folder of other renderers
(--peers) whose run_peer.py prints one JSON line for a workload; without it, or where a renderer is
not installed there, tandem's figure stands alone. With PEERS=1 in the environment those that are
missing are installed first, each into a virtual environment of its own under PEERS_ROOT.

The rows are kept as JSON under the name of the hardware that they were measured on.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

# Workload: what it is measured against, how many times as fast tandem should be, and what
# run_peer.py calls it.
BASELINES = {
    "helmet": ("vtk", 1.1, "W1"),
    "sponza": ("vtk", 1.1, "W3"),
    "cubes": ("filly", 2.0, "W4a"),
    "teapots": ("filly", 2.0, "W4b"),
    "cubes-instanced": ("filly", None, "W4c"),
    "helmet-small": ("vtk", 1.5, "W5"),
    "first-image": ("filly", None, "W1"),
}
ALONE = ["city", "spheres", "png-helmet", "png-sponza", "png-city"]
# Programs of their own, beside --program: they measure their baselines themselves.
PROGRAMS = ["scheduler", "recorder", "frames", "requests", "upload", "readback", "budget",
            "pipelines"]
# What another library does for the same in a program of its own, where it is installed, and what
# makes the benchmark do just that (and the same without an image): both print frames a second as
# JSON and take turns.
PEER_PROGRAMS = {"readback": ("peer_placebo_readback", "--clear")}
# Versions of the renderers that the aims were set against; numpy and pillow are what they return
# images with.
PACKAGES = {"vtk": "vtk==9.7.2", "filly": "filly==0.2.1"}
HELMET = "scenes/DamagedHelmet/glTF-Binary/DamagedHelmet.glb"


class Unavailable(Exception):
    """A figure that this machine cannot give; the text says why."""


class Skipped(Exception):
    """A figure of a scene that is not there."""


def run_json(command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise Unavailable(lines[-1]) from None


def tandem_figure(program, name):
    """(value, unit) of one run of one benchmark."""
    if name == "first-image":
        return first_image(program), "s"
    report = run_json([program, "bench", "--json", name])
    for result in report["results"]:
        if result["name"] == name:
            return result["median"], result["unit"]
    if name in report["skipped"]:
        raise Skipped("its scene is not under $TANDEM_ASSETS/scenes")
    raise Unavailable(f"tandem bench knows no {name}")


def first_image(program):
    """Seconds from the start of the process until it has closed its PNG and ended."""
    scene = os.path.join(os.environ.get("TANDEM_ASSETS", ""), HELMET)
    if not os.path.exists(scene):
        raise Skipped("its scene is not under $TANDEM_ASSETS/scenes")
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "render", scene, "-s", "512x512", "--samples", "1", "-q"]
        start = time.monotonic()
        done = subprocess.run([*command, "-o", os.path.join(folder, "out.png")], check=False)
        if done.returncode:
            raise Unavailable(f"tandem render ended with {done.returncode}")
        return time.monotonic() - start


def peers_root():
    return os.environ.get("PEERS_ROOT") or os.path.join(tempfile.gettempdir(), "peers")


def install_peer(peer):
    """Makes the peer's virtual environment if there is none."""
    folder = os.path.join(peers_root(), f"v_{peer}")
    if os.path.exists(os.path.join(folder, "installed")):
        return
    print(f"installing {PACKAGES[peer]} into {folder}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, PACKAGES[peer], "numpy", "pillow"], check=True)
    with open(os.path.join(folder, "installed"), "w", encoding="utf-8"):
        pass


def install_peers(names):
    for peer in sorted({BASELINES[name][0] for name in names if name in BASELINES}):
        try:
            install_peer(peer)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{peer} cannot be installed: {error}", flush=True)


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return re.search(r"(?m)^model name\s*: (.*)$", file.read()).group(1)
    except (OSError, AttributeError):
        return platform.processor() or platform.machine()


def describe_hardware(program):
    """What the figures were measured on, as the program and the system name it."""
    found = run_json([program, "bench", "--json", "--passes", "1", "spheres"])
    return {"device": found["device"], "cores": found["cores"], "processor": processor(),
            "tandem": found["tandem"], "date": time.strftime("%Y-%m-%d"),
            "load": os.getloadavg()[0]}


def results_path(hardware):
    name = re.sub(r"[^a-z0-9]+", "-", hardware["device"]["name"].lower()).strip("-")
    if hardware["device"]["software"]:
        name = f"{name}-{hardware['cores']}-cores"
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "results", name + ".json")


def peer_figure(peers, peer, name):
    environment = dict(os.environ, PEERS_REPEATS="1", PEERS_ROOT=peers_root())
    if name == "first-image":
        environment["PEER_FIRST_ONLY"] = "1"
    script = os.path.join(peers, "run_peer.py")
    result = run_json([sys.executable, script, peer, BASELINES[name][2]], environment)
    if "error" in result:
        raise Unavailable(f"{peer}: {(result['error'] or ['no answer'])[-1]}")
    return result["t_first_image_s" if name == "first-image" else "fps"]


def take_turns(arguments, name):
    """The row of one benchmark: medians of both sides, or why a side is missing."""
    peer, aim, _ = BASELINES.get(name, (None, None, None))
    row = {"name": name, "aim": aim, "tandem_runs": [], "baseline": peer, "baseline_runs": []}
    for _ in range(arguments.rounds):
        value, row["unit"] = tandem_figure(arguments.program, name)
        row["tandem_runs"].append(value)
        if peer and arguments.peers and "why" not in row:
            try:
                row["baseline_runs"].append(peer_figure(arguments.peers, peer, name))
            except (Unavailable, OSError) as error:
                row["why"] = str(error)
    row["tandem"] = statistics.median(row["tandem_runs"])
    if row["baseline_runs"]:
        row["baseline_median"] = statistics.median(row["baseline_runs"])
        ratio = row["tandem"] / row["baseline_median"]
        row["times"] = 1 / ratio if row["unit"] == "s" else ratio
    return row


def peer_program_figures(arguments, name):
    """Medians of the turns of a benchmark and of another library's program, and their ratio."""
    folder = os.path.join(os.path.dirname(arguments.program), "bench")
    peer, option = PEER_PROGRAMS[name]
    if not os.path.exists(os.path.join(folder, peer)):
        return {"peer": peer, "why": "the library was not there when this was built"}
    own, other = [], []
    for _ in range(2 * arguments.rounds + 1):
        try:
            other.append(run_json([os.path.join(folder, peer)])["frames_s"])
        except Unavailable as error:
            return {"peer": peer, "why": str(error)}
        own.append(run_json([os.path.join(folder, f"bench_{name}"), option]))
    figures = {"peer": peer, "peer_frames_s": statistics.median(other)}
    for way in ("", "direct_"):
        rates = [turn[way + "frames_s"] for turn in own]
        figures[f"tandem_{way}frames_s"] = statistics.median(rates)
        figures[way + "times"] = statistics.median(m / o for m, o in zip(rates, other))
    return figures


def program_rows(arguments, name):
    """What a program of its own measured: one row a variant, its figures under `figures`."""
    path = os.path.join(os.path.dirname(arguments.program), "bench", f"bench_{name}")
    if not os.path.exists(path):
        raise Unavailable(f"there is no {path}; build with -Dtests=true")
    done = subprocess.run([path], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        raise Skipped(done.stderr.strip())
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise Unavailable(f"{path} ended with {done.returncode}: {done.stderr[-200:]}") from None
    if name in PEER_PROGRAMS:
        report["clear and read back"] = peer_program_figures(arguments, name)
    return {"name": name, "figures": report}


def print_figures(figures, depth=0):
    """A report's figures, one a line, nested ones indented."""
    for key, value in figures.items() if isinstance(figures, dict) else enumerate(figures):
        if isinstance(value, (dict, list)):
            print("  " * depth + f"{key}")
            print_figures(value, depth + 1)
        else:
            print("  " * depth + f"{key}  {value:.5g}" if isinstance(value, float)
                  else "  " * depth + f"{key}  {value}")


def print_row(row):
    if "figures" in row:
        print(row["name"])
        print_figures(row["figures"], 1)
        return
    line = f"{row['name']:16} {row['tandem']:10.2f} {row['unit']:16}"
    if "times" in row:
        line += f" {row['baseline']:8} {row['baseline_median']:10.2f}   {row['times']:6.2f} times"
        line += f" (aim {row['aim']})" if row["aim"] else ""
    elif "why" in row:
        line += f" no baseline: {row['why'][:80]}"
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", default="build/tandem")
    parser.add_argument("--peers", help="folder with run_peer.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", help="the rows as JSON (results/ beside this script)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them by default")
    arguments = parser.parse_args()
    known = [*BASELINES, *ALONE, *PROGRAMS]
    names = arguments.names or known
    for name in names:
        if name not in known:
            parser.error(f"there is no benchmark '{name}'; there are {', '.join(known)}")
    if arguments.peers and os.environ.get("PEERS") == "1":
        install_peers(names)
    try:
        hardware = describe_hardware(arguments.program)
    except Unavailable as error:
        sys.exit(f"{arguments.program}: {error}")
    print(f"{hardware['device']['name']}, {hardware['cores']} cores, {hardware['processor']}")
    sys.exit(0 if run_all(arguments, names, hardware) else 1)


def keep_others(path, rows):
    """Rows of an earlier run on this hardware that this run did not measure stay."""
    try:
        with open(path, encoding="utf-8") as file:
            earlier = json.load(file)["rows"]
    except (OSError, ValueError, KeyError):
        return rows
    measured = {row["name"] for row in rows}
    return [row for row in earlier if row["name"] not in measured] + rows


def run_all(arguments, names, hardware):
    """Measures, prints and keeps the rows; false if one of them failed."""
    rows, good = [], True
    for name in names:
        try:
            rows.append(program_rows(arguments, name) if name in PROGRAMS
                        else take_turns(arguments, name))
            print_row(rows[-1])
        except Skipped as error:
            print(f"{name:16} skipped: {error}", flush=True)
        except (Unavailable, OSError) as error:
            good = False
            print(f"{name:16} failed: {error}", flush=True)
    path = arguments.output or results_path(hardware)
    if not arguments.output:
        rows = keep_others(path, rows)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"hardware": hardware, "rows": rows}, file, indent=2)
        file.write("\n")
    print(f"kept in {path}")
    return good


main()
