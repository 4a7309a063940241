"""Both rasterisers give the same images, and the report names the one that was taken."""

import json
import os
import unittest

import support
from support import DeviceCase, tandem

ARGUMENTS = ("--views", "2", "--outputs", "color,depth,object", "-o", "{view}_{output}.npy",
             "--report", "report.json")
SCENES = os.path.join(os.environ.get("TANDEM_ASSETS", ""), "scenes")


class Raster(DeviceCase):
    def rendered(self, *arguments, scene="builtin:city", size="128x96"):
        """What the report says of the rasteriser, and the files."""
        folder = self.path("run%d" % len(os.listdir(self.folder)))
        os.mkdir(folder)
        self.check(tandem("render", scene, "-s", size, *ARGUMENTS, *arguments, cwd=folder))
        files = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
        report = json.loads(files.pop("report.json"))
        self.assertEqual(len(files), 6)
        return report["choices"]["raster"], files

    def test_the_images_are_the_same(self):
        compute, expected = self.rendered("--raster", "compute")
        hardware, found = self.rendered("--raster", "hardware")
        self.assertEqual((compute["mode"], hardware["mode"]), ("compute", "hardware"))
        self.assertEqual(hardware["reason"], "asked for")
        self.assertNotEqual(expected["0_object.npy"], expected["1_object.npy"])
        self.assertEqual(found, expected)

    @unittest.skipUnless(os.path.isdir(SCENES), "TANDEM_ASSETS has no scenes")
    def test_real_scenes_are_the_same(self):
        for path in ("DamagedHelmet/glTF-Binary/DamagedHelmet.glb", "Sponza/glTF/Sponza.gltf",
                     "Fox/glTF-Binary/Fox.glb"):
            with self.subTest(path=path):
                scene = os.path.join(SCENES, path)
                _, expected = self.rendered("--raster", "compute", scene=scene, size="512x384")
                _, found = self.rendered("--raster", "hardware", scene=scene, size="512x384")
                for name, data in expected.items():
                    self.assertTrue(found[name] == data, name)

    def test_what_is_chosen_says_why(self):
        chosen, _ = self.rendered()
        self.assertEqual(chosen["mode"], "compute")
        self.assertIn("compute", chosen["reason"])


support.main()
