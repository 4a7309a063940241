"""The command line itself: what is refused with exit code 2, and help."""

import subprocess

import support
from support import Case, tandem

# Options whose time has not come.
LATER = [
    "--animation a", "--time 1", "--fps 30", "--duration 2",
    "--shadows on", "--lights l.json", "--particles p.json", "--lod 1", "--cull on",
    "--shard 1/2", "--trace t.json", "--page p.html", "--metrics unix:m",
    "--annotations coco", "--cameras c.json", "--quality 90", "--codec av1", "--outputs distance",
    "--outputs color,normal", "--outputs material",
    "--device all", "-o a.jpg",
    "-o a.exr", "-o a_{time}.png",
]

# What is wrong, and what the message must name.
WRONG = [
    ("--nonsense", "--nonsense: there is no such option"),
    ("--o a.png", "--o: could be several options"),
    ("--scene -1", "is not a whole number from 0 to 1000000"),
    ("-Z", "-Z"),
    ("--size 10", "--size 10"),
    ("--size 0x10", "--size 0x10"),
    ("--size 10x99999", "10x99999"),
    ("--views 0", "--views 0"),
    ("--views -1", "--views -1"),
    ("--views many", "--views many"),
    ("--views", "--views"),
    ("--orbit 1,2", "--orbit 1,2"),
    ("--orbit 1,2,3,4", "--orbit 1,2,3,4"),
    ("--orbit 1,2,", "--orbit 1,2,"),
    ("--eye 1,2,x", "--eye 1,2,x"),
    ("--eye 1,2,nan", "--eye 1,2,nan"),
    ("--fov 200 --eye 1,2,3", "--fov 200"),
    ("--samples 3", "1, 4, 8, 16"),
    ("--tonemap filmic", "pbr-neutral, linear, aces"),
    ("--raster software", "auto, compute, hardware"),
    ("--outputs colour", "color, depth, object"),
    ("--background #12345", "#12345"),
    ("--background #12345g", "#12345g"),
    ("--background red", "red"),
    ("--background env", "there is no --env"),
    ("--env-rotation 361", "--env-rotation 361"),
    ("--budget lots", "--budget lots"),
    ("--budget 0", "--budget 0"),
    ("--budget-mode lax", "enforce, warn"),
    ("--in-flight 0", "--in-flight 0"),
    ("--in-flight 17", "--in-flight 17"),
    ("--threads 0", "--threads 0"),
    ("--exposure x", "--exposure x"),
    ("--timeout 0", "--timeout 0"),
    ("--scene 1.5", "--scene 1.5"),
    ("--progress loud", "auto, plain, none"),
    ("--resume --overwrite", "--resume and --overwrite"),
    ("-q -v", "-q and -v"),
    ("--json -o -", "--json and -o -"),
    ("--views 2 --camera 0", "--views and --camera"),
    ("--orbit 0,90,0 --eye 1,2,3", "--orbit and --eye"),
    ("--camera 0 --eye 1,2,3", "--camera and --eye"),
    ("--target 1,2,3", "--target"),
    ("--fov 30", "--fov"),
    ("--fov 30 --ortho 2 --eye 1,2,3", "--fov and --ortho"),
    ("--near 2 --far 1 --eye 1,2,3", "--far 1"),
    ("-o a.bmp", "a.bmp"),
    ("-o a", ".png or .npy"),
    ("-o a_{nothing}.png", "{nothing}"),
    ("-o a_{view:x}.png", "{view:x}"),
    ("-o a_{view.png", "brace"),
    ("-o a_view}.png", "brace"),
    ("--views 2 -o a.png", "{view}"),
    ("--camera 0 --camera 1 -o a.png", "{camera}"),
    ("--outputs color,object -o a_{view}.png", "{output}"),
    ("--outputs color,depth -o -", "one output"),
    ("--outputs depth -o a.png", ".npy"),
    ("--outputs depth", ".npy"),
    ("extra.glb", "extra.glb"),
]


class Usage(Case):
    def refused(self, line, says):
        with self.subTest(line=line):
            ran = tandem("render", "builtin:spheres", *line.split(" "), cwd=self.folder)
            self.check(ran, 2, says)
            self.assertEqual(len(ran.errors.splitlines()), 1, ran.errors)
            self.assertEqual(ran.bytes, b"")
            self.assertEqual(self.files(), [])

    def test_wrong_options_are_refused_by_name(self):
        for line, says in WRONG:
            self.refused(line, says)

    def test_what_is_not_there_yet_says_so(self):
        for line in LATER:
            self.refused(line, "not there yet")

    def test_commands_that_are_not_there(self):
        self.check(tandem("batch", "jobs.jsonl"), 2, "not there yet")
        self.check(tandem("merge", "a.json"), 2, "not there yet")
        self.check(tandem("scene", "lights", "-o", "a.glb"), 2, "not there yet")
        self.check(tandem("paint"), 2, "paint")
        self.check(tandem("help", "paint"), 2, "paint")

    def test_arguments_that_are_missing(self):
        self.check(tandem("render"), 2, "SCENE")
        self.check(tandem("info"), 2, "SCENE")
        self.check(tandem("scene", "city"), 2, "-o FILE.glb")
        self.check(tandem("scene", "city", "-o", self.path("a.gltf")), 2, ".glb")
        self.check(tandem("scene", "moon", "-o", self.path("a.glb")), 2, "moon")
        self.check(tandem("bench", "hat"), 2, "helmet-small")

    def test_arguments_that_are_too_many(self):
        self.check(tandem("--version", "x"), 2, "x: is one argument too many")
        self.check(tandem("help", "render", "x"), 2, "x: is one argument too many")
        self.check(tandem("doctor", "x"), 2, "x")

    def test_a_scene_without_a_name(self):
        self.check(tandem("render", ""), 2, "the scene is an empty name")
        self.check(tandem("info", ""), 2, "the scene is an empty name")

    def test_an_unknown_log_level_is_said_once(self):
        ran = tandem("info", "builtin:spheres", TANDEM_LOG="zzz")
        self.check(ran, 0, "TANDEM_LOG")
        self.assertEqual(len(ran.errors.splitlines()), 1)

    def test_standard_output_that_is_closed(self):
        program = f'"{support.PROGRAM}"'
        for line in ("info builtin:spheres >&-", "--version >&-", "help >&- 2>&-",
                     "info builtin:spheres --json <&- >&-"):
            with self.subTest(line=line):
                code = subprocess.run(["sh", "-c", f"exec {program} {line}"], check=False,
                                      capture_output=True, env=support.environment()).returncode
                self.assertEqual(code, 6)

    def test_no_command(self):
        ran = tandem()
        self.assertEqual(ran.code, 2)
        self.assertIn("tandem render", ran.errors)
        self.assertEqual(ran.bytes, b"")

    def test_version(self):
        ran = tandem("--version")
        self.check(ran)
        self.assertRegex(ran.text, r"^tandem \d+\.\d+\.\d+\n$")

    def test_help(self):
        for arguments in (["help"], ["--help"], ["-h"]):
            ran = tandem(*arguments)
            self.check(ran)
            for command in ("render", "info", "scene", "bench", "doctor"):
                self.assertIn("tandem " + command, ran.text)

    def test_help_of_a_command(self):
        for arguments in (["help", "render"], ["render", "--help"], ["render", "x", "-h"]):
            ran = tandem(*arguments)
            self.check(ran)
            for option in ("--output", "-s, --size", "--contact-sheet", "--resume"):
                self.assertIn(option, ran.text)
            self.assertNotIn("--animation", ran.text)


support.main()
