"""The same command gives the same bytes, whatever the numbers of threads and frames in flight."""

import hashlib
import os

import support
from support import DeviceCase

# City has textures, many instances and large triangles.
ARGUMENTS = ("--views", "6", "--outputs", "color,depth,object", "-o", "{view}_{output}.npy")


class SameBytes(DeviceCase):
    def digest(self, *arguments, **changes):
        folder = self.path("run%d" % len(os.listdir(self.folder)))
        os.mkdir(folder)
        ran = support.tandem("render", "builtin:city", "-s", "160x120", *ARGUMENTS, *arguments,
                             cwd=folder, **changes)
        self.check(ran)
        names = sorted(os.listdir(folder))
        self.assertEqual(len(names), 18)
        digests = {}
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                digests[name] = hashlib.sha256(file.read()).hexdigest()
        return digests

    def test_frames_in_flight_and_threads(self):
        first = self.digest("--in-flight", "1", "--threads", "1")
        self.assertEqual(len(set(first.values())), 18, "views and outputs differ from each other")
        for arguments in (("--in-flight", "4"), ("--threads", "4"),
                          ("--in-flight", "16", "--threads", "3"), ("--async", "off"),
                          ("--no-cache",)):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.digest(*arguments), first)

    def test_threads_of_lavapipe(self):
        first = self.digest(LP_NUM_THREADS="0")
        for threads in ("1", "2"):
            with self.subTest(threads=threads):
                self.assertEqual(self.digest(LP_NUM_THREADS=threads), first)


support.main()
