"""What the tests of the command line share: running the program, temporary folders, reading images."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build/tandem"
# One cache for all tests of a build: compiling pipelines is what takes time.
CACHE = os.path.join(os.path.dirname(PROGRAM), "test-cache")


def environment(**changes):
    result = {key: value for key, value in os.environ.items() if not key.startswith("TANDEM_")}
    result["TANDEM_CACHE"] = CACHE
    result.update(changes)
    return result


class Ran:
    def __init__(self, process):
        self.code = process.returncode
        self.bytes = process.stdout
        self.errors = process.stderr.decode("utf-8", "replace")

    @property
    def text(self):
        return self.bytes.decode("utf-8")


def tandem(*arguments, cwd=None, **changes):
    """Runs the program to its end."""
    process = subprocess.run([PROGRAM, *map(str, arguments)], cwd=cwd, env=environment(**changes),
                             capture_output=True, timeout=100, check=False)
    return Ran(process)


def start(*arguments, cwd=None, **changes):
    """Starts the program and returns at once."""
    return subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=cwd, env=environment(**changes),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def have_device():
    return tandem("doctor").code == 0


class Case(unittest.TestCase):
    """A test in a temporary folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tandem-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def files(self, *parts):
        """Everything under a folder, hidden files too."""
        found = []
        for folder, _, names in os.walk(self.path(*parts)):
            found += [os.path.relpath(os.path.join(folder, name), self.folder) for name in names]
        return sorted(found)

    def render(self, *arguments, scene="builtin:spheres", size="64x48", **changes):
        return tandem("render", scene, "-s", size, "--samples", "1", *arguments, cwd=self.folder,
                      **changes)

    def check(self, ran, code=0, says=None):
        """The exit code, one sentence a line, and a part of what is said."""
        self.assertEqual(ran.code, code, ran.errors)
        if says is not None:
            self.assertIn(says, ran.errors)
        for line in ran.errors.splitlines():
            self.assertTrue(line.startswith("tandem: "), line)

    def read(self, *parts):
        with open(self.path(*parts), "rb") as file:
            return file.read()


class DeviceCase(Case):
    """A test that renders."""

    @classmethod
    def setUpClass(cls):
        if have_device():
            return
        if os.environ.get("TANDEM_REQUIRE_DEVICE"):
            raise RuntimeError("no usable Vulkan device, but TANDEM_REQUIRE_DEVICE is set")
        raise unittest.SkipTest("no usable Vulkan device")


def chunks(data):
    """The chunks of a PNG file; ValueError unless it is whole and every checksum is right."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG signature")
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise ValueError("cut short")
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0] != zlib.crc32(kind + body):
            raise ValueError("wrong checksum")
        yield kind, body
        at += 12 + size
    if at != len(data):
        raise ValueError("bytes after the end")


def paeth(a, b, c):
    distances = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
    return (a, b, c)[distances.index(min(distances))]


def unfilter(kind, row, above, step):
    """Undoes one row's filter (PNG specification, section 9)."""
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]
        row[i] = (value + guess) & 255
    return row


class Png:
    """A decoded PNG of 8 or 16 bits a channel."""

    def __init__(self, data):
        parts = list(chunks(data))
        self.width, self.height, self.depth, color = struct.unpack(">IIBB", parts[0][1][:10])
        self.channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
        step = self.channels * self.depth // 8
        raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
        stride = step * self.width
        if len(raw) != (stride + 1) * self.height:
            raise ValueError("wrong amount of pixels")
        self.rows, above = [], bytearray(stride)
        for y in range(self.height):
            begin = y * (stride + 1)
            above = unfilter(raw[begin], bytearray(raw[begin + 1:begin + 1 + stride]), above, step)
            self.rows.append(bytes(above))

    @property
    def pixels(self):
        return b"".join(self.rows)

    def ids(self):
        """The values of a 16-bit grey image."""
        return [value for row in self.rows for value, in struct.iter_unpack(">H", row)]


class Npy:
    """An array as numpy.lib.format describes its version 1.0."""

    def __init__(self, data):
        magic, size = struct.unpack("<8sH", data[:10])
        if magic != b"\x93NUMPY\x01\x00" or (10 + size) % 64 != 0:
            raise ValueError("no NPY 1.0 header")
        # The header is a Python literal of nothing but words.
        header = eval(data[10:10 + size], {"__builtins__": {}})  # pylint: disable=eval-used
        self.shape, self.type = header["shape"], header["descr"]
        self.data = data[10 + size:]
        if header["fortran_order"]:
            raise ValueError("not in C order")

    def values(self):
        code = {"<f4": "<f", "<i4": "<i", "|u1": "<B"}[self.type]
        return [value for value, in struct.iter_unpack(code, self.data)]


class Result(unittest.TextTestResult):
    """Prints the lines that cmocka prints, which are what gets counted."""

    @staticmethod
    def say(word, test):
        print(f"[ {word:>8} ] {test.id().removeprefix('__main__.')}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say("OK", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say("FAILED", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.say("FAILED", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("SKIPPED", test)


def main():
    """Runs the tests of the file; exit code 77 if all were skipped."""
    runner = unittest.TextTestRunner(resultclass=Result, verbosity=0)
    program = unittest.main(argv=sys.argv[:1] + sys.argv[2:], testRunner=runner, exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    everything_skipped = result.skipped and len(result.skipped) >= max(result.testsRun, 1)
    sys.exit(77 if everything_skipped else 0)
