"""A scene whose textures do not fit: levels that no view samples are left out, and less detail is
shown only where it was asked for. Where TANDEM_ASSETS has Sponza."""

import json
import os
import unittest

import support
from support import DeviceCase

SPONZA = os.path.join(os.environ.get("TANDEM_ASSETS", ""), "scenes/Sponza/glTF/Sponza.gltf")

# From inside, along the longer side. The full size in the long run only; the budgets make the case
# at both.
INSIDE = ("--eye=-0.484,2,-0.31", "--target", "0,2,10")
INSIDE_SIZE = "1920x1080" if os.environ.get("TANDEM_TEST_LONG") else "1280x720"


@unittest.skipUnless(os.path.isfile(SPONZA), "TANDEM_ASSETS has no Sponza")
class SceneBudgets(DeviceCase):
    def render_inside(self, budget, policy="needed"):
        """Sponza from inside, with so much memory."""
        return self.render("--budget", budget, "--textures", policy, *INSIDE, "-o",
                           budget + ".png", "--report", budget + ".json", size=INSIDE_SIZE,
                           scene=SPONZA)

    def report(self, budget):
        """What its report says; never over the budget."""
        report = json.loads(self.read(budget + ".json"))
        self.assertLessEqual(report["budget"]["peak_bytes"], report["budget"]["limit_bytes"])
        return report

    def test_levels_that_are_not_sampled_are_left_out_of_the_same_image(self):
        self.check(self.render_inside("1GiB"))
        self.check(self.render_inside("192MiB"))
        self.assertFalse(self.report("1GiB")["textures"]["changing"])
        textures = self.report("192MiB")["textures"]
        self.assertTrue(textures["changing"])
        self.assertGreater(textures["partial"], 0)
        self.assertGreater(textures["full_bytes"], 192 << 20)
        self.assertLess(textures["bytes"], 192 << 20)
        self.assertEqual(textures["views_less_detailed"], 0)
        self.assertEqual(textures["reduced"], [])
        self.assertEqual(self.read("192MiB.png"), self.read("1GiB.png"))

    def test_info_says_what_all_textures_take(self):
        info = json.loads(support.tandem("info", SPONZA, "--json").text)
        self.check(self.render("--budget", "1GiB", "--textures", "all", "-o", "all.png",
                               "--report", "all.json", size="64x64", scene=SPONZA))
        textures = self.report("all")["textures"]
        self.assertEqual(textures["bytes"], textures["full_bytes"])
        # What drivers add to texels is little, and a texture too many would be much.
        self.assertLessEqual(info["texture_bytes"], textures["bytes"])
        self.assertGreater(info["texture_bytes"] * 1.005, textures["bytes"])

    def test_less_detail_is_reported_texture_by_texture(self):
        self.check(self.render_inside("96MiB", "priority"))
        textures = self.report("96MiB")["textures"]
        self.assertEqual(textures["policy"], "priority")
        self.assertEqual(textures["views_less_detailed"], 1)
        self.assertGreater(len(textures["reduced"]), 0)
        self.assertLess(len(textures["reduced"]), textures["count"])
        for texture in textures["reduced"]:
            self.assertRegex(texture["name"], "[.](jpg|png)$")  # its pictures have but a uri
            self.assertGreater(texture["first_level"], 0)
            self.assertLess(texture["first_level"], texture["levels"])
        self.assertIn("96MiB.png", self.files())

    def test_what_a_view_samples_is_not_left_out_unless_asked_for(self):
        ran = self.render_inside("16MiB")
        self.check(ran, 4, "16.0 MiB")
        self.assertIn("sample of the textures", ran.errors)
        self.assertNotIn("16MiB.png", self.files())


support.main()
