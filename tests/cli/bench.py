"""tandem bench: names, units and figures that make sense."""

import json

import support
from support import DeviceCase, tandem


class Bench(DeviceCase):
    def test_a_workload_as_json(self):
        ran = tandem("bench", "spheres", "--passes", "2", "--json")
        self.check(ran)
        report = json.loads(ran.text)
        self.assertGreaterEqual(report["cores"], 1)
        self.assertTrue(report["device"]["name"])
        result, = report["results"]
        self.assertEqual((result["name"], result["width"], result["height"], result["views"]),
                         ("spheres", 128, 128, 64))
        self.assertEqual(result["scene"], "builtin:spheres")
        self.assertEqual(result["unit"], "views/s")
        self.assertTrue(0 < result["worst"] <= result["median"] <= result["best"])
        for step in ("scene_ms", "renderer_ms", "first_view_ms"):
            self.assertGreater(result["steps"][step], 0)

    def test_the_beginning_of_names_is_a_group(self):
        ran = tandem("bench", "spheres", "helm", "--json", "--passes", "1")
        self.check(ran, 0, "skipped")
        self.assertEqual(json.loads(ran.text)["skipped"], ["helmet", "helmet-small"])

    def test_a_whole_name_is_no_group(self):
        ran = tandem("bench", "spheres", "helmet", "--json", "--passes", "1")
        self.check(ran, 0, "bench helmet: skipped")
        self.assertEqual(json.loads(ran.text)["skipped"], ["helmet"])

    def test_a_missing_scene_gives_no_figure(self):
        ran = tandem("bench", "sponza", "--passes", "1", TANDEM_ASSETS="/nowhere")
        self.check(ran, 3, "Sponza.gltf is not there")
        self.assertEqual(ran.text, "")


support.main()
