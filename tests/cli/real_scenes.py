"""Scenes of the world outside, where TANDEM_ASSETS has them."""

import json
import os
import unittest

import support
from support import DeviceCase, Png

ASSETS = os.environ.get("TANDEM_ASSETS", "")


def scene(path):
    return os.path.join(ASSETS, "scenes", path)


@unittest.skipUnless(os.path.isdir(scene("")), "TANDEM_ASSETS has no scenes")
class RealScenes(DeviceCase):
    def test_a_large_scene_keeps_to_the_default_budget(self):
        self.check(self.render("--report", "report.json", "--samples", "4", size="1920x1080",
                               scene=scene("Sponza/glTF/Sponza.gltf")))
        with open(self.path("report.json"), encoding="utf-8") as file:
            budget = json.load(file)["budget"]
        self.assertEqual(budget["limit_bytes"], 512 << 20)
        self.assertLessEqual(budget["peak_bytes"], budget["limit_bytes"])
        self.assertGreater(budget["by_category"]["textures"], 100 << 20)
        Png(self.read("out_0000.png"))

    def test_a_budget_that_is_too_small_is_refused_with_the_sums(self):
        ran = self.render("--budget", "64MiB", "--textures", "all", size="1920x1080",
                          scene=scene("Sponza/glTF/Sponza.gltf"))
        self.check(ran, 4, "64.0 MiB")
        for part in ("geometry", "textures", "MiB"):
            self.assertIn(part, ran.errors)
        self.assertEqual(self.files(), [])

    def test_cameras_of_a_file(self):
        path = scene("Cameras/glTF/Cameras.gltf")
        self.check(self.render("--camera", "0", "--camera", "1", "-o", "{scene}_{camera}.png",
                               scene=path))
        self.assertEqual(self.files(), ["Cameras_0.png", "Cameras_1.png"])
        self.assertNotEqual(self.read("Cameras_0.png"), self.read("Cameras_1.png"))


support.main()
