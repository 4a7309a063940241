"""Where files go: patterns, folders, files that are there already, disks that take nothing more."""

import os
import subprocess

import support
from support import DeviceCase, Png


class Destinations(DeviceCase):
    def test_the_default_pattern(self):
        self.check(self.render("--views", "3"))
        self.assertEqual(self.files(), ["out_0000.png", "out_0001.png", "out_0002.png"])

    def test_the_default_pattern_of_several_outputs(self):
        self.check(self.render("--outputs", "color,object"))
        self.assertEqual(self.files(), ["out_0000_color.png", "out_0000_object.png"])

    def test_every_placeholder(self):
        self.check(self.render("--views", "2", "--outputs", "color,depth", "-o",
                               "{scene}/{{x}}/{camera}/{view:03}-{view}-{output}.npy"))
        folder = "spheres/{x}/camera/"
        self.assertEqual(self.files(), [folder + name for name in (
            "000-0-color.npy", "000-0-depth.npy", "001-1-color.npy", "001-1-depth.npy")])

    def test_cameras_give_their_names(self):
        self.check(self.render("--camera", "0", "--camera", "1", "-o", "{camera}.png",
                               scene="builtin:city"))
        self.assertEqual(self.files(), ["0.png", "1.png"])

    def test_a_name_cannot_leave_its_folder(self):
        ran = self.render("--camera", "../0", "-o", "a/{camera}.png")
        self.check(ran, 3, "../0")
        self.assertEqual(self.files(), [])

    def test_an_existing_file_is_an_error_before_anything_is_rendered(self):
        with open(self.path("out_0002.png"), "wb") as file:
            file.write(b"mine")
        self.check(self.render("--views", "4"), 6, "out_0002.png")
        self.assertEqual(self.files(), ["out_0002.png"])
        self.assertEqual(self.read("out_0002.png"), b"mine")

    def test_other_files_of_the_command_too(self):
        for option in ("--report", "--timeline", "--graph", "--contact-sheet"):
            with self.subTest(option=option):
                name = "there" + option + ".png"
                with open(self.path(name), "wb") as file:
                    file.write(b"mine")
                self.check(self.render(option, name), 6, name)
                self.assertEqual(self.files(), [name])
                self.assertEqual(self.read(name), b"mine")
                os.unlink(self.path(name))

    def test_files_of_the_command_have_a_name(self):
        for option in ("--report", "--timeline", "--graph", "--contact-sheet"):
            with self.subTest(option=option):
                self.check(self.render(option, "-"), 2, option + " -: goes to a file")
                self.check(self.render(option, ""), 2, option + ": the name of the file is empty")
                self.assertEqual(self.files(), [])
        self.check(self.render("--graph", "./-", "-o", "a.png"), 0)
        self.assertEqual(self.files(), ["-", "a.png"])

    def test_files_of_the_command_cannot_be_images(self):
        with open(self.path("j.png"), "wb") as file:
            file.write(b"mine")
        for option in ("--report", "--timeline", "--graph", "--contact-sheet"):
            for name in ("j.png", "./j.png", "a/../j.png", self.path("j.png")):
                with self.subTest(option=option, name=name):
                    self.check(self.render("--overwrite", "-o", "j.png", option, name), 2, name)
                    self.assertEqual(self.read("j.png"), b"mine")
        self.check(self.render("--views", "3", "--report", "out_0002.png"), 2, "view 2")
        self.check(self.render("--report", "r", "--timeline", "./r"), 2, "./r")
        self.assertEqual(self.files(), ["j.png"])

    def test_views_of_the_same_name_are_refused(self):
        cameras = ("--camera", "0", "--camera", "1", "--camera", "0")
        ran = self.render(*cameras, "-o", "cd_{camera}.png", scene="builtin:city")
        self.check(ran, 2, "{view}")
        self.assertIn("cd_0.png", ran.errors)
        # Slashes become "_" in names.
        ran = self.render("--camera", "a/b", "--camera", "a_b", "-o", "{camera}.png")
        self.check(ran, 2, "a_b.png")
        # 1 and "1x" are as long as 11 and "x".
        cameras = ["--camera", "y", "--camera", "1x"] + ["--camera", "y"] * 9 + ["--camera", "x"]
        ran = self.render(*cameras, "-o", "{view}{camera}.png")
        self.check(ran, 2, "11x.png")
        self.assertEqual(self.files(), [])

    def test_overwrite_replaces(self):
        with open(self.path("out_0000.png"), "wb") as file:
            file.write(b"mine")
        self.check(self.render("--overwrite"))
        Png(self.read("out_0000.png"))

    def test_resume_keeps_what_is_there(self):
        self.check(self.render("--views", "3"))
        first, second = self.read("out_0000.png"), self.read("out_0001.png")
        with open(self.path("out_0000.png"), "wb") as file:
            file.write(b"mine")
        os.unlink(self.path("out_0001.png"))
        self.check(self.render("--views", "3", "--resume"), 0, "3 of 3 views")
        self.assertEqual(self.read("out_0000.png"), b"mine")
        self.assertEqual(self.read("out_0001.png"), second)
        self.assertNotEqual(first, second)

    def test_resume_takes_an_empty_file_for_none(self):
        with open(self.path("out_0001.png"), "wb"):
            pass
        self.check(self.render("--views", "2", "--resume"), 0, "2 of 2 views")
        Png(self.read("out_0001.png"))

    def test_resume_keeps_a_whole_contact_sheet(self):
        arguments = ("--views", "3", "--contact-sheet", "sheet.png")
        self.check(self.render(*arguments))
        whole = self.read("sheet.png")
        os.unlink(self.path("out_0001.png"))
        self.check(self.render(*arguments, "--resume"), 0, "sheet.png")
        self.assertEqual(self.read("sheet.png"), whole)
        for view in range(3):
            os.unlink(self.path(f"out_000{view}.png"))
        with open(self.path("sheet.png"), "wb") as file:
            file.write(b"mine")
        self.check(self.render(*arguments, "--resume"))
        self.assertEqual(self.read("sheet.png"), whole)

    def test_resume_adds_a_missing_output(self):
        arguments = ("--views", "2", "--outputs", "color,object")
        self.check(self.render(*arguments))
        before = os.stat(self.path("out_0001_color.png"))
        os.unlink(self.path("out_0001_object.png"))
        self.check(self.render(*arguments, "--resume"))
        after = os.stat(self.path("out_0001_color.png"))
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))
        self.assertEqual(len(self.files()), 4)

    def test_resume_with_nothing_left_to_do(self):
        self.check(self.render("--views", "2"))
        self.check(self.render("--views", "2", "--resume"), 0, "2 of 2 views")

    def test_a_folder_that_cannot_be_made(self):
        self.check(self.render("-o", "/proc/nowhere/a.png"), 6, "/proc/nowhere")

    def test_a_folder_that_is_a_file(self):
        with open(self.path("file"), "wb") as file:
            file.write(b"mine")
        self.check(self.render("-o", "file/a.png"), 6, "file")

    def test_a_folder_without_rights(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        os.mkdir(self.path("closed"), 0o555)
        self.check(self.render("-o", "closed/a.png"), 6, "closed/a.png")
        self.assertEqual(self.files(), [])

    def test_a_target_that_is_a_folder(self):
        os.mkdir(self.path("a.png"))
        self.check(self.render("-o", "a.png", "--overwrite"), 6, "a.png")

    def test_a_full_disk_leaves_complete_files_only(self):
        disk = self.path("disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("a small disk cannot be mounted here")
        try:
            ran = self.render("--views", "200", "-o", "disk/{view:04}.png", size="128x128")
            self.check(ran, 6, "full")
            names = self.files("disk")
            self.assertTrue(2 <= len(names) < 200, names)
            for name in names:
                self.assertTrue(name.endswith(".png"), name)
                Png(self.read(name))
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_fsync_writes_the_same(self):
        self.check(self.render("-o", "a.png"))
        self.check(self.render("-o", "b.png", "--fsync"))
        self.assertEqual(self.read("a.png"), self.read("b.png"))


support.main()
