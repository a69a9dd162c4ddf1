"""`dicomet convert` of archives: what they hold is converted as if it were extracted, and hostile ones do no harm."""

import gzip
import io
import re
import resource
import shutil
import tarfile
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from convert_command import COUNTS, convert
from convert_files import dicom, folder, gray, image, names
from hypothesis import given
from hypothesis import strategies as st
from random_images import PROPERTY

from dicomet._parsing import archives
from dicomet._parsing.archives import ArchiveError, ArchiveFormat, Member, archive_format, members, read_member

FILES = {
    "cat/a.dcm": image(10),
    "dog/" + "long" * 40 + "/a.dcm": image(20),
    "dog/ä.dcm": image(30),
    "us.dcm": dicom(np.stack([gray(1), gray(2)]), frames=2, bits=12),
    "readme.txt": b"text",
}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def tarred(files: dict[str, bytes], mode="w", form=tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zipped(files: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def contents(root):
    return {name: (root / name).read_bytes() for name in names(root)}


ARCHIVES = {
    "x.zip": zipped(FILES),
    "x.tar": tarred(FILES),
    "gnu.tar": tarred(FILES, form=tarfile.GNU_FORMAT),
    "x.tar.gz": tarred(FILES, "w:gz"),
    "x.tgz": tarred(FILES, "w:gz"),
    "no suffix": tarred(FILES, "w:gz"),
}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("workers", [1, 2])
def test_an_archive_is_a_folder(tmp_path, out, name, workers, capsys):
    (tmp_path / name).write_bytes(ARCHIVES[name])
    convert(folder(tmp_path / "in", FILES), "-o", tmp_path / "expected", "--values", "stored")
    capsys.readouterr()
    convert(tmp_path / name, "-o", out, "--values", "stored", "--workers", workers)
    assert capsys.readouterr().out == COUNTS.format(4, 0, 1, 0) + "\n"
    assert contents(out) == contents(tmp_path / "expected")
    assert len(contents(out)) == 5


def test_archives_in_folders_become_folders(tmp_path, out):
    root = folder(tmp_path / "in", {"b.dcm": image(1), "sub/c.dcm.gz": gzip.compress(image(2))})
    for name in ("x.zip", "sub/y.tar", "sub/z.tar.gz", "sub/z.tgz"):
        (root / name).write_bytes(
            ARCHIVES[name.replace("y", "x").replace("z.", "x.").replace("sub/", "").replace("xip", "zip")]
        )
    expected = folder(tmp_path / "expected in", {"b.dcm": image(1), "sub/c.dcm": image(2)})
    for place in ("x", "sub/y"):
        folder(expected / place, FILES)
    convert(expected, "-o", tmp_path / "expected", "--values", "stored")
    convert(root, "-o", out, "--values", "stored")
    found = contents(out)
    # z.tar.gz and z.tgz have the same place: all of their results have a mark of their origin.
    marked = {name for name in found if name.startswith("sub/z/")}
    assert {name: found[name] for name in found.keys() - marked} == contents(tmp_path / "expected")
    assert len(marked) == 2 * 5


def test_a_compressed_file(tmp_path, out, capsys):
    (tmp_path / "a.dcm.gz").write_bytes(gzip.compress(image(10)))
    convert(tmp_path / "a.dcm.gz", "-o", out / "named.npy", "--values", "stored")
    assert np.array_equal(np.load(out / "named.npy"), gray(10))
    root = folder(tmp_path / "in", {"a.dcm": image(10), "volume.nii.gz": gzip.compress(b"text" * 1000)})
    (root / "b.dcm.gz").write_bytes(gzip.compress(b"<html>"))
    (root / "c.dcm.gz").write_bytes(gzip.compress(image(20))[:-9])
    capsys.readouterr()
    convert(root, "-o", out, "--values", "stored", "--verbose", status=1)
    printed = capsys.readouterr()
    assert printed.out == COUNTS.format(1, 0, 1, 2) + "\n"
    assert "b.dcm.gz: not a DICOM file" in printed.err
    assert "c.dcm.gz: " in printed.err
    assert "end-of-stream" in printed.err


def test_names_do_not_lead_out_of_the_output(tmp_path, out):
    hostile = {"../../up.dcm": 1, "/abs.dcm": 2, "a/../../../b.dcm": 3, "C:\\..\\c.dcm": 4, "..": 5, "./d.dcm": 6}
    (tmp_path / "x.tar").write_bytes(tarred({name: image(value) for name, value in hostile.items()}))
    convert(tmp_path / "x.tar", "-o", out, "--values", "stored")
    assert names(out) == {"up.png", "abs.png", "a/b.png", "C_/c.png", "unnamed.png", "d.png"}
    assert names(tmp_path) == {"x.tar", *(f"out/{name}" for name in names(out))}


def test_links_and_devices_are_left_out(tmp_path, out, capsys):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(f"{kind!r}.dcm")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.dcm")
        info.size = len(image())
        archive.addfile(info, io.BytesIO(image()))
    (tmp_path / "x.tar").write_bytes(file.getvalue())
    convert(tmp_path / "x.tar", "-o", out, "--values", "stored")
    assert capsys.readouterr().out == COUNTS.format(1, 0, 0, 0) + "\n"


def test_names_may_be_repeated(tmp_path, out):
    first, second = (tarred({"a.dcm": image(value)}) for value in (10, 20))
    end = 512 + -(-len(image()) // 512) * 512
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(first[:end] + second))
    convert(tmp_path / "x.tar.gz", "-o", out, "--format", "npy", "--values", "stored")
    assert sorted(int(np.load(path)[0, 0]) for path in out.iterdir()) == [10, 20]


# Damaged archives


def listed(path, form=None):
    """Return the members before the defect, and the error, if there is one."""
    found = []
    try:
        found.extend(members(str(path), form or archive_format(path)))
    except ArchiveError as error:
        return found, str(error)
    return found, ""


def test_the_members_before_a_defect_are_converted(tmp_path, out, capsys):
    whole = tarred({"a.dcm": image(10), "b.dcm": image(20), "c.dcm": image(30)})
    damaged = bytearray(whole)
    start = whole.index(b"b.dcm")
    damaged[start + 5] = 1
    cut = whole[: start + 700]
    for name, data in {"damaged.tar": damaged, "cut.tar": cut, "damaged.tar.gz": gzip.compress(damaged)}.items():
        (tmp_path / name).write_bytes(data)
        convert(tmp_path / name, "-o", out / name, "--values", "stored", status=1)
        printed = capsys.readouterr()
        assert names(out / name) == {"a.png"}
        assert re.search(r"cannot be read as an archive after \d files: ", printed.err)
    root = folder(
        tmp_path / "in", {"z.dcm": image(1), "x.zip": b"PK\3\4" + bytes(100), "y.tar.gz": b"\x1f\x8b" + bytes(9)}
    )
    convert(root, "-o", out / "in", "--values", "stored", status=1)
    printed = capsys.readouterr()
    assert printed.out == COUNTS.format(1, 0, 0, 2) + "\n"
    assert "x.zip: cannot be read as an archive after 0 files" in printed.err
    assert "y.tar.gz: Unknown compression method" in printed.err


def test_a_cut_archive_gives_no_half_member(tmp_path):
    whole = tarred({"a": b"a" * 700, "b": b"b" * 100})
    path = tmp_path / "x.tar"
    for end in range(0, len(whole), 64):
        path.write_bytes(whole[:end])
        found, error = listed(path, ArchiveFormat.TAR)
        assert [member.name for member in found] == ["a", "b"][: len(found)]
        for member in found:
            content = content_of(path, member)
            assert content in (None, {"a": b"a" * 700, "b": b"b" * 100}[member.name])
            assert content is not None or (error and member is found[-1])


def content_of(path, member):
    """Return the content of a member; None if the archive ends in it, or is damaged there."""
    try:
        content = read_member(str(path), member)
    except (ValueError, OSError, EOFError, zlib.error):
        return None
    return bytes(content.read(0, content.length))


@PROPERTY
@given(st.integers(0, 5119), st.binary(min_size=1, max_size=12), st.booleans())
def test_any_bytes_in_an_archive(tmp_path_factory, place, change, is_compressed):
    """Members with all their bytes, or one error."""
    data = bytearray(tarred({"a": b"a" * 700, "ä" * 60: b"b" * 100, "c": b"c" * 900}))
    data[place : place + len(change)] = change
    path = tmp_path_factory.getbasetemp() / "any.tar"
    path.write_bytes(gzip.compress(data, 1) if is_compressed else data)
    found, _ = listed(path, ArchiveFormat.TAR_GZIP if is_compressed else ArchiveFormat.TAR)
    for member in found:
        content = content_of(path, member)
        assert len(content) == member.size if content is not None else member is found[-1]


def header(name=b"x", size=b"00000000000\0", kind=b"0") -> bytes:
    """Write the header of a member of a tar archive (POSIX ustar), with a right checksum."""
    block = bytearray(512)
    block[: len(name)], block[100:108], block[124:136], block[156:157] = name, b"0000644\0", size, kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def octal(size):
    return b"%011o\0" % size


HOSTILE = {
    "a header of 1 GB": (header(kind=b"x", size=octal(1 << 30)) + bytes(1 << 22), "found headers of more than 65536"),
    "a long name of 1 GB": (
        header(kind=b"L", size=octal(1 << 30)) + bytes(1 << 22),
        "found headers of more than 65536",
    ),
    "many headers": (header(kind=b"x") * 1000 + header(), "found headers of more than 65536"),
    "a negative size": (header(size=b"\xff" * 12) + header(), "that leads back"),
    "a negative header": (header(kind=b"x", size=b"\xff" * 10 + b"\0\0") + header(), "found headers of more than"),
    "a size beyond the end": (header(size=octal(1 << 32)) + bytes(1024), "unexpected end of data"),
    "a sparse file": (header(kind=b"S", size=octal(0)) + bytes(1024), "found the sparse file 'x'"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_hostile_headers(tmp_path, name, is_compressed):
    data, says = HOSTILE[name]
    path = tmp_path / "x.tar"
    path.write_bytes(gzip.compress(data) if is_compressed else data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, error = listed(path, ArchiveFormat.TAR_GZIP if is_compressed else ArchiveFormat.TAR)
    assert error
    assert says in error
    # Its content is looked for when it is read.
    assert len(found) == (name == "a size beyond the end")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_global_headers_and_members_have_a_limit(tmp_path, monkeypatch):
    keywords = [f"13 key{number:04}=1\n".encode() for number in range(200)]
    data = b"".join(header(kind=b"g", size=octal(13)) + text.ljust(512, b"\0") + header() for text in keywords)
    (tmp_path / "x.tar").write_bytes(data)
    found, error = listed(tmp_path / "x.tar")
    assert "found more than 100 global headers" in error
    assert len(found) == 100
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    (tmp_path / "x.tar").write_bytes(header() * 20 + bytes(1024))
    found, error = listed(tmp_path / "x.tar")
    assert (len(found), error) == (10, "found more than 10 members")


def test_what_inflates_has_a_limit(tmp_path, out, capsys, monkeypatch):
    large = image(1) + bytes(1 << 22)
    root = folder(tmp_path, {"a.dcm.gz": gzip.compress(large), "b.tar.gz": tarred({"b.dcm": large}, "w:gz")})
    (root / "c.zip").write_bytes(zipped({"c.dcm": large}))
    (root / "d.tar").write_bytes(tarred({"d.dcm": image(1)}))
    monkeypatch.setenv("DICOMET_MAX_BYTES", "1000000")
    for name in ("a.dcm.gz", "b.tar.gz", "c.zip"):
        convert(root / name, "-o", out, status=1)
        assert "bytes to inflate, expected at most 1000000 (DICOMET_MAX_BYTES)" in capsys.readouterr().err
    convert(root / "d.tar", "-o", out)
    monkeypatch.delenv("DICOMET_MAX_BYTES")
    monkeypatch.setattr(archives, "MAX_INFLATED", 1 << 20)
    convert(root / "a.dcm.gz", "-o", out, status=1)
    assert "bytes to inflate, expected at most 1048576 (DICOMET_MAX_BYTES)" in capsys.readouterr().err
    # As many bytes as the archive has justify more.
    monkeypatch.setattr(archives, "MAX_RATIO", 10_000)
    convert(root / "a.dcm.gz", "-o", out)


def test_a_bomb_that_is_not_dicom_is_not_inflated(tmp_path):
    with gzip.open(tmp_path / "x.gz", "wb", 1) as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    content = read_member(str(tmp_path / "x.gz"), Member(ArchiveFormat.GZIP, "x"))
    assert content.length == archives.HEAD


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_inflate_without_a_limit_are_refused(tmp_path, out, capsys, method):
    (tmp_path / "x.zip").write_bytes(zipped({"a.dcm": image()}, method))
    convert(tmp_path / "x.zip", "-o", out, status=1)
    assert f"found the compression method {method} of zip, expected stored or deflated" in capsys.readouterr().err


def test_a_dicom_file_is_no_archive(tmp_path):
    """Neither by its preamble nor by its name."""
    data = image()
    for name, magic in {"a.tar.gz": b"\x1f\x8b\x08", "a.tar": header()[:128], "a.zip": b"PK\3\4"}.items():
        (tmp_path / name).write_bytes(magic.ljust(128, b"\0") + data[128:])
        assert archive_format(tmp_path / name) is None
    (tmp_path / "old.tar").write_bytes(header().replace(b"ustar\00000", bytes(8)))
    assert archive_format(tmp_path / "old.tar") is None
    assert archive_format(tmp_path / "nothing") is None
    assert archive_format(tmp_path) is None


def test_members_are_read_again_after_an_error(tmp_path):
    """Two archives in turn, and backwards."""
    paths = [tmp_path / name for name in ("x.tar.gz", "y.tar.gz")]
    for path in paths:
        path.write_bytes(tarred({name: name.encode() * 3000 for name in "abc"}, "w:gz"))
    found = [(path, member) for path in paths for member in members(str(path), ArchiveFormat.TAR_GZIP)]
    for path, member in [*found, *found[::-1], *found[::2]]:
        assert bytes(read_member(str(path), member).read(0, 9000)) == member.name.encode() * 3000
    with pytest.raises(ValueError, match="found 0 bytes to the end of the archive, expected 5"):
        read_member(str(paths[0]), Member(ArchiveFormat.TAR_GZIP, "d", 1 << 20, 5))
    shutil.copy(paths[1], paths[0])
    for path, member in found:
        assert bytes(read_member(str(path), member).read(0, 3)) == member.name.encode() * 3


def test_a_member_of_zip_that_inflates_to_more_than_it_declares(tmp_path):
    """What it declares is what is inflated."""
    data = bytearray(zipped({"a.dcm": bytes(64 << 20)}))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = (10).to_bytes(4, "little")
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    (member,) = members(str(path), ArchiveFormat.ZIP)
    tracemalloc.start()
    try:
        with pytest.raises(zipfile.BadZipFile, match="CRC"):
            read_member(str(path), member)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
