"""What is in the files: each sink and each output against what is known of them."""

import math
import os
import struct

import support
from support import DeviceCase, Npy, Png, tandem

WIDTH, HEIGHT = 64, 48


class Images(DeviceCase):
    def npy(self, name):
        return Npy(self.read(name))

    def test_color_is_rgba_of_the_size_asked_for(self):
        self.check(self.render("-o", "a.png"))
        image = Png(self.read("a.png"))
        self.assertEqual((image.width, image.height, image.depth, image.channels),
                         (WIDTH, HEIGHT, 8, 4))

    def test_arrays_have_their_shapes_and_types(self):
        self.check(self.render("-o", "{output}.npy", "--outputs", "color,depth,object"))
        shapes = {name: (array.shape, array.type) for name in ("color", "depth", "object")
                  for array in [self.npy(name + ".npy")]}
        self.assertEqual(shapes, {"color": ((HEIGHT, WIDTH, 4), "|u1"),
                                  "depth": ((HEIGHT, WIDTH), "<f4"),
                                  "object": ((HEIGHT, WIDTH), "<i4")})

    def test_the_sinks_hold_the_same(self):
        self.check(self.render("-o", "{output}.npy", "--outputs", "color,object"))
        self.check(self.render("-o", "{output}.png", "--outputs", "color,object"))
        self.assertEqual(Png(self.read("color.png")).pixels, self.npy("color.npy").data)
        ids = [65535 if value < 0 else value for value in self.npy("object.npy").values()]
        image = Png(self.read("object.png"))
        self.assertEqual((image.depth, image.channels), (16, 1))
        self.assertEqual(image.ids(), ids)

    def test_standard_output_carries_the_frames_in_order_and_nothing_else(self):
        self.check(self.render("--views", "5", "-o", "{view}.npy"))
        ran = self.render("--views", "5", "-o", "-")
        self.check(ran)
        frames = b"".join(self.npy(f"{view}.npy").data for view in range(5))
        self.assertEqual(ran.bytes, frames)

    def test_outputs_agree_about_where_nothing_is(self):
        self.check(self.render("-o", "{output}.npy", "--outputs", "color,depth,object"))
        color, depth, ids = (self.npy(name + ".npy") for name in ("color", "depth", "object"))
        alpha = color.values()[3::4]
        nothing = [value == -1 for value in ids.values()]
        self.assertTrue(any(nothing) and not all(nothing))
        self.assertEqual([math.isinf(value) for value in depth.values()], nothing)
        self.assertEqual([value == 0 for value in alpha], nothing)

    def test_the_background_is_the_color_asked_for(self):
        self.check(self.render("-o", "{output}.npy", "--outputs", "color,object", "--background",
                               "#336699"))
        color, ids = self.npy("color.npy"), self.npy("object.npy")
        behind = {color.data[4 * i:4 * i + 4] for i, value in enumerate(ids.values()) if value < 0}
        self.assertEqual(behind, {bytes((0x33, 0x66, 0x99, 255))})

    def environment(self, name, rows):
        """A flat Radiance picture of rows of RGBE pixels."""
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n")
            file.write(b"-Y %d +X %d\n" % (len(rows), len(rows[0])))
            for row in rows:
                file.write(b"".join(bytes(pixel) for pixel in row))
        return path

    def test_an_environment_lights_and_is_seen(self):
        grey = self.environment("grey.hdr", [[(128, 128, 128, 128)]])
        self.check(self.render("-o", "{output}.npy", "--outputs", "color,object", "--env", grey,
                               "--background", "env", "--tonemap", "linear"))
        color, ids = self.npy("color.npy"), self.npy("object.npy")
        pixels = [color.data[4 * i:4 * i + 4] for i in range(len(color.data) // 4)]
        behind = {pixel for pixel, value in zip(pixels, ids.values()) if value < 0}
        self.assertEqual(behind, {bytes((188, 188, 188, 255))})
        self.assertTrue(len(set(pixels)) > 10)
        dark = self.environment("dark.hdr", [[(0, 0, 0, 0)]])
        self.check(self.render("-o", "dark.npy", "--env", dark))
        darker = [sum(self.npy("dark.npy").data[c::4]) for c in range(3)]
        self.assertTrue(all(d < sum(color.data[c::4]) / 4 for c, d in enumerate(darker)))

    def test_an_environment_must_be_a_radiance_picture(self):
        with open(self.path("no.hdr"), "wb") as file:
            file.write(b"P6 1 1 255 abc")
        ran = self.render("-o", "a.png", "--env", self.path("no.hdr"))
        self.assertEqual(ran.code, 3)
        self.assertIn("no.hdr: byte 0: this is no Radiance picture", ran.errors)
        self.assertEqual(self.render("-o", "a.png", "--env", self.path("none.hdr")).code, 3)
        self.assertFalse(os.path.exists(self.path("a.png")))

    def test_depth_of_a_plane_across_the_view(self):
        # A square at z = -2 that fills the view of a camera at z = 3: depth 5 in every pixel.
        path = self.path("plane.gltf")
        corners = struct.pack("<18f", -9, -9, -2, 9, -9, -2, 9, 9, -2, -9, -9, -2, 9, 9, -2, -9, 9, -2)
        with open(self.path("plane.bin"), "wb") as file:
            file.write(corners)
        with open(path, "w", encoding="utf-8") as file:
            file.write("""{"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0, 1]}],
                "nodes": [{"name": "none"}, {"mesh": 0}],
                "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
                "accessors": [{"bufferView": 0, "componentType": 5126, "count": 6, "type": "VEC3",
                               "min": [-9, -9, -2], "max": [9, 9, -2]}],
                "bufferViews": [{"buffer": 0, "byteLength": 72}],
                "buffers": [{"uri": "plane.bin", "byteLength": 72}]}""")
        self.check(self.render("--eye", "0,0,3", "--target", "0,0,0", "--near", "0.1", "-o",
                               "{output}.npy", "--outputs", "depth,object", scene=path))
        for value in self.npy("depth.npy").values():
            self.assertAlmostEqual(value, 5, delta=1e-4)
        self.assertEqual(set(self.npy("object.npy").values()), {1})

    def test_the_contact_sheet_shows_all_views(self):
        self.check(self.render("--views", "5", "--contact-sheet", "sheet.png", "--background",
                               "#204060"))
        sheet = Png(self.read("sheet.png"))
        # Five tiles stand in a grid of three by two; the sixth place is empty.
        self.assertEqual((sheet.width, sheet.height), (3 * WIDTH, 2 * HEIGHT))
        for view in range(5):
            image = Png(self.read(f"out_{view:04}.png"))
            left, top = view % 3 * WIDTH, view // 3 * HEIGHT
            for y in range(HEIGHT):
                row = sheet.rows[top + y][4 * left:4 * (left + WIDTH)]
                self.assertEqual(row, image.rows[y], (view, y))
        self.assertEqual(sheet.rows[HEIGHT][4 * 2 * WIDTH:], bytes(4 * WIDTH))

    def test_a_reduced_contact_sheet_averages(self):
        self.check(self.render("-o", "a.png", "--contact-sheet", "sheet.png", "--background",
                               "#808080", "--eye", "0,0,1000", "--target", "0,0,2000", size="1024x512"))
        sheet = Png(self.read("sheet.png"))
        self.assertEqual((sheet.width, sheet.height), (256, 128))
        self.assertEqual(set(sheet.pixels), {0x80, 255})

    def test_a_closed_pipe_ends_the_program(self):
        process = support.start("render", "builtin:spheres", "-s", "256x256", "--views", "50", "-o",
                                "-", "-q", cwd=self.folder)
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 6, errors)
        self.assertIn("standard output", errors)

    def test_json_goes_to_standard_output_alone(self):
        ran = tandem("render", "builtin:spheres", "-s", "32x32", "--json", "-q", "-o",
                     self.path("a.png"))
        self.check(ran)
        self.assertEqual(ran.errors, "")
        self.assertEqual(len(ran.text.splitlines()), 1)


support.main()
