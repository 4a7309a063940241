"""What cannot be done ends with its own exit code and a sentence that names it."""

import json
import os
import subprocess

import support
from support import Case, DeviceCase, tandem


class WithoutDevice(Case):
    def test_no_driver(self):
        ran = self.render(VK_DRIVER_FILES="/nowhere/driver.json", VK_ICD_FILENAMES="")
        self.check(ran, 5)
        self.assertEqual(self.files(), [])

    def test_doctor_says_how_to_get_a_driver(self):
        ran = tandem("doctor", VK_DRIVER_FILES="/nowhere/driver.json", VK_ICD_FILENAMES="")
        self.check(ran, 5)
        self.assertIn("mesa-vulkan-drivers", ran.text)
        self.assertRegex(ran.text, r"(?m)^cores +\d+")

    def test_a_scene_that_is_missing(self):
        # Without a device as well: what is graver decides.
        self.check(self.render(scene="missing.glb", VK_DRIVER_FILES="/nowhere/driver.json",
                               VK_ICD_FILENAMES=""), 5, "missing.glb")


class Failures(DeviceCase):
    def test_a_scene_that_is_missing(self):
        self.check(self.render(scene="missing.glb"), 3, "missing.glb")
        self.check(self.render(scene="builtin:moon"), 3, "moon")
        self.assertEqual(self.files(), [])

    def test_a_scene_that_is_broken(self):
        with open(self.path("broken.gltf"), "w", encoding="utf-8") as file:
            file.write('{"asset": {"version": "2.0"}, "nodes": [{"children": [0]}], '
                       '"scenes": [{"nodes": [0]}], "scene": 0}')
        self.check(self.render(scene="broken.gltf"), 3, "broken.gltf")
        self.assertEqual(self.files(), ["broken.gltf"])

    def test_a_camera_that_is_missing(self):
        self.check(self.render("--camera", "999", scene="builtin:city"), 3, "999")
        self.check(self.render("--camera", "nobody", scene="builtin:city"), 3, "nobody")

    def test_a_camera_that_sees_nothing_sensible(self):
        ran = self.render("--eye", "1,2,3", "--target", "1,2,3")
        self.check(ran, 2, "--eye, --target and --up")
        self.assertNotIn("td_", ran.errors)
        self.check(self.render("--eye", "0,5,0", "--target", "0,0,0", "--up", "0,1,0"), 2)

    def test_a_device_that_is_not_there(self):
        self.check(self.render("--device", "no such device"), 5, "no such device")
        self.check(self.render(TANDEM_DEVICE="99"), 5, "99")

    def test_an_image_that_is_too_large_for_the_budget(self):
        # Two bands of 64 rows are 8 MiB, and there are none lower.
        ran = self.render("--budget", "8MiB", "--samples", "16", size="16384x16384")
        self.check(ran, 4, "MiB")
        self.assertEqual(self.files(), [])

    def test_a_budget_that_does_not_suffice(self):
        ran = self.render("--budget", "1MiB", scene="builtin:city")
        self.check(ran, 4, "MiB")
        self.assertEqual(self.files(), [])
        self.check(self.render(scene="builtin:city", TANDEM_BUDGET="1MiB"), 4)

    def test_more_ids_than_a_png_holds(self):
        # A node for each id up to 65535; only the last one has a mesh.
        nodes = ",".join(["{}"] * 65535 + ['{"mesh": 0}'])
        roots = ",".join(str(i) for i in range(65536))
        scene = f"""{{"asset": {{"version": "2.0"}}, "scene": 0, "scenes": [{{"nodes": [{roots}]}}],
            "nodes": [{nodes}], "meshes": [{{"primitives": [{{"attributes": {{"POSITION": 0}}}}]}}],
            "accessors": [{{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
                            "min": [0, 0, 0], "max": [1, 1, 0]}}],
            "bufferViews": [{{"buffer": 0, "byteLength": 36}}],
            "buffers": [{{"byteLength": 36, "uri": "data:application/octet-stream;base64,"""
        scene += "AAAAAAAAAAAAAAAAAACAPwAAAAAAAAAAAAAAAAAAgD8AAAAA" + '"}]}'
        with open(self.path("many.gltf"), "w", encoding="utf-8") as file:
            file.write(scene)
        arguments = ("--outputs", "object", "--background", "none")
        self.check(self.render(*arguments, "-o", "a.npy", scene="many.gltf"))
        ids = support.Npy(self.read("a.npy")).values()
        self.assertEqual(set(ids), {-1, 65535})
        ran = self.render(*arguments, "-o", "a.png", scene="many.gltf")
        self.assertNotEqual(ran.code, 0)
        self.check(ran, ran.code, "65535")
        self.assertEqual(self.files(), ["a.npy", "many.gltf"])

    def test_a_time_limit_fails_views_alone(self):
        ran = self.render("--timeout", "0.001", "--views", "2", size="1024x1024", scene="builtin:city")
        self.check(ran, 5, "limit")
        self.assertEqual(self.files(), [])

    def test_a_time_limit_with_other_views_there(self):
        self.check(self.render("-o", "out_0000.png", size="1024x1024", scene="builtin:city"))
        ran = self.render("--timeout", "0.001", "--views", "2", "--resume", size="1024x1024",
                          scene="builtin:city")
        self.check(ran, 1, "view 1")
        self.assertEqual(self.files(), ["out_0000.png"])

    def test_a_stream_that_takes_nothing(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run(
                [support.PROGRAM, "render", "builtin:spheres", "-s", "64x48", "--views", "40", "-o",
                 "-"], stdout=full, stderr=subprocess.PIPE, env=support.environment(), timeout=100,
                check=False)
        errors = process.stderr.decode().splitlines()
        self.assertEqual(process.returncode, 6, errors)
        self.assertIn("No space left", errors[0])
        self.assertFalse([line for line in errors[1:] if "file" in line and "files" not in line],
                         errors)

    def test_standard_streams_that_are_closed(self):
        for line, files in (("-o - 1>&-", []), ("--json 1>&-", ["out_0000.png"]),
                            ("-o b.png <&- 1>&- 2>&-", ["b.png", "out_0000.png"])):
            with self.subTest(line=line):
                code = subprocess.run(
                    ["sh", "-c", f'exec "{support.PROGRAM}" render builtin:spheres -s 64x48 {line}'],
                    cwd=self.folder, env=support.environment(), capture_output=True, timeout=100,
                    check=False).returncode
                self.assertEqual(code, 0 if "b.png" in line else 6)
                self.assertEqual(self.files(), files)

    def test_a_scene_with_nothing_in_it(self):
        with open(self.path("empty.gltf"), "w", encoding="utf-8") as file:
            file.write('{"asset": {"version": "2.0"}, "nodes": [{}], "scenes": [{"nodes": [0]}], '
                       '"scene": 0}')
        self.check(self.render(scene="empty.gltf"), 0, "nothing to draw")

    def test_doctor_as_json(self):
        ran = tandem("doctor", "--json")
        self.check(ran)
        report = json.loads(ran.text)
        choice = report["devices"][report["choice"]["index"]]
        self.assertTrue(choice["usable"])
        self.assertEqual(choice["name"], report["choice"]["name"])
        self.assertGreater(report["choice"]["budget_bytes"], 0)

    def test_a_pipe_that_nobody_reads(self):
        process = support.start("render", "builtin:spheres", "-s", "64x48", "--views", "40", "-o", "-")
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=100), 6, errors)
        self.assertIn("roken pipe", errors)

    def test_more_threads_than_are_of_use(self):
        ran = self.render("--threads", str(2 * os.cpu_count() + 1))
        self.check(ran, 0, "threads")


support.main()
