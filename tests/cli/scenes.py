"""tandem info and tandem scene."""

import json
import os
import struct

import support
from support import Case, tandem


class Scenes(Case):
    def test_every_built_in_scene_can_be_written_and_read_back(self):
        for name in ("city", "spheres", "terrain"):
            with self.subTest(name=name):
                path = self.path("deep", "folder", name + ".glb")
                self.check(tandem("scene", name, "-o", path))
                with open(path, "rb") as file:
                    magic, version, size = struct.unpack("<4sII", file.read(12))
                self.assertEqual((magic, version, size), (b"glTF", 2, os.path.getsize(path)))
                made = json.loads(tandem("info", "builtin:" + name, "--json").text)
                read = json.loads(tandem("info", path, "--json").text)
                for key in ("triangles", "instances", "unsupported"):
                    self.assertEqual(made[key], read[key], key)
                self.assertGreater(read["triangles"], 0)

    def test_a_scene_is_not_replaced_unasked(self):
        path = self.path("a.glb")
        with open(path, "wb") as file:
            file.write(b"mine")
        self.check(tandem("scene", "spheres", "-o", path), 6, "a.glb")
        self.assertEqual(self.read("a.glb"), b"mine")
        self.check(tandem("scene", "spheres", "-o", path, "--overwrite"))
        self.assertEqual(self.read("a.glb")[:4], b"glTF")
        self.assertEqual(self.files(), ["a.glb"])

    def test_info_counts_what_is_in_a_file(self):
        # Two triangles in one square, drawn by two nodes; a line strip that is left out.
        data = struct.pack("<12f6H", 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 2, 0, 2, 3)
        with open(self.path("square.bin"), "wb") as file:
            file.write(data)
        scene = {
            "asset": {"version": "2.0"},
            "buffers": [{"uri": "square.bin", "byteLength": len(data)}],
            "bufferViews": [{"buffer": 0, "byteLength": 48},
                            {"buffer": 0, "byteOffset": 48, "byteLength": 12}],
            "accessors": [
                {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3",
                 "min": [0, 0, 0], "max": [1, 1, 0]},
                {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1},
                                       {"attributes": {"POSITION": 0}, "mode": 3}]}],
            "nodes": [{"mesh": 0}, {"mesh": 0, "translation": [3, 0, 0]}],
            "scenes": [{"nodes": [0, 1]}],
            "scene": 0,
        }
        with open(self.path("square.gltf"), "w", encoding="utf-8") as file:
            json.dump(scene, file)
        ran = tandem("info", self.path("square.gltf"), "--json")
        self.check(ran)
        info = json.loads(ran.text)
        self.assertEqual(info["triangles"], 4)
        self.assertEqual(info["stored_triangles"], 2)
        self.assertEqual(info["instances"], 2)
        self.assertEqual(info["bounds_min"], [0, 0, 0])
        self.assertEqual(info["bounds_max"], [4, 1, 0])
        self.assertEqual(len(info["unsupported"]), 1, info["unsupported"])
        text = tandem("info", self.path("square.gltf"))
        self.check(text)
        self.assertRegex(text.text, r"(?m)^triangles +4$")
        self.assertRegex(text.text, r"(?m)^not supported +\S")

    def test_lobes_of_materials_are_listed(self):
        scene = {
            "asset": {"version": "2.0"},
            "materials": [
                {"extensions": {"KHR_materials_sheen": {"sheenColorFactor": [1, 0, 0]},
                                "KHR_materials_clearcoat": {"clearcoatFactor": 0}}},
                {"extensions": {"KHR_materials_transmission": {"transmissionFactor": 1}}}],
        }
        with open(self.path("cloth.gltf"), "w", encoding="utf-8") as file:
            json.dump(scene, file)
        info = json.loads(tandem("info", self.path("cloth.gltf"), "--json").text)
        self.assertEqual(info["lobes"], ["sheen", "transmission"])
        self.assertEqual(len(info["unsupported"]), 1, info["unsupported"])
        self.assertRegex(tandem("info", self.path("cloth.gltf")).text, r"(?m)^material lobe +sheen$")
        info = json.loads(tandem("info", "builtin:spheres", "--json").text)
        self.assertEqual(info["lobes"], [])

    def test_variants_are_listed_and_chosen(self):
        scene = {
            "asset": {"version": "2.0"},
            "extensionsUsed": ["KHR_materials_variants"],
            "extensions": {"KHR_materials_variants": {
                "variants": [{"name": "day"}, {"name": "night"}]}},
        }
        with open(self.path("two.gltf"), "w", encoding="utf-8") as file:
            json.dump(scene, file)
        info = json.loads(tandem("info", self.path("two.gltf"), "--json").text)
        self.assertEqual(info["variants"], ["day", "night"])
        self.assertEqual(info["unsupported"], [])
        self.assertRegex(tandem("info", self.path("two.gltf")).text,
                         r"(?m)^material variant +night$")
        ran = tandem("render", self.path("two.gltf"), "--variant", "dusk", "-o", self.path("a.png"))
        self.check(ran, 3, "\"day\", \"night\"")
        self.check(tandem("render", "builtin:spheres", "--variant", "day", "-o",
                          self.path("a.png")), 3, "built-in scenes have none")

    def test_input_that_cannot_be_used(self):
        with open(self.path("text.gltf"), "w", encoding="utf-8") as file:
            file.write("{\"asset\": ")
        with open(self.path("empty.glb"), "wb"):
            pass
        for name in ("text.gltf", "empty.glb", "missing.glb"):
            with self.subTest(name=name):
                self.check(tandem("info", self.path(name)), 3, name)
        self.check(tandem("info", "builtin:moon"), 3, "moon")
        self.check(tandem("info", self.folder), 3, self.folder)


support.main()
