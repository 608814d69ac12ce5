"""The sandbox's parts without processes: frames, printed text, the filter, the view."""

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifiers import confine, lockdown, syscalls, view, wire
from verifiers.child import ran_out_of_memory
from verifiers.printed import clean, shown

# Frames


def framed(kind: int, body: bytes) -> bytes:
    return struct.pack("<IB", len(body), kind) + body


@given(st.lists(st.tuples(st.sampled_from(wire.KINDS), st.binary(max_size=30))), st.data())
def test_frames_survive_being_cut_anywhere(frames, data):
    stream = b"".join(framed(kind, body) for kind, body in frames)
    reader, seen, position = wire.FrameReader(10_000), [], 0
    while position < len(stream):
        step = data.draw(st.integers(1, 9))
        seen += reader.feed(stream[position : position + step])
        position += step
    assert seen == frames
    assert not (reader.damaged or reader.too_much)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader_or_pass_its_limit(stream):
    reader = wire.FrameReader(50)
    bodies = [body for _, body in reader.feed(stream)]
    assert sum(map(len, bodies)) <= 50
    assert reader.too_much or len(stream) <= 50


def test_a_frame_of_an_unknown_kind_is_damage():
    reader = wire.FrameReader(100)
    assert list(reader.feed(framed(0, b"a") + framed(9, b"b") + framed(0, b"c"))) == [(0, b"a")]
    assert reader.damaged


def test_a_frame_that_announces_more_than_the_limit_is_refused_before_it_comes():
    reader = wire.FrameReader(100)
    assert list(reader.feed(struct.pack("<IB", 101, 0))) == []
    assert reader.too_much


def test_messages_between_the_processes_come_back_as_they_were():
    header = wire.JobHeader(b"n" * 16, 3, 2**40, 2**31)
    assert wire.JobHeader.unpack(header.pack()) == header
    assert wire.unpack_status(wire.Started(7).pack()) == wire.Started(7)
    assert wire.unpack_status(wire.Exited(256, 1.5).pack()) == wire.Exited(256, 1.5)


# Printed text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\ttext\n", "plain\ttext\n"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]never ended", ""),
        (b"\x1bPq#0\x1b\\after", "after"),
        (b"\x1b(0line\x1bc", "line"),
        (b"50%\r100%\r\n", "50%\n100%\n"),
        (b"bell\x07 null\x00 delete\x7f", "bell null delete"),
        ("\u202egnp.exe \u2066x\u2069".encode(), "gnp.exe x"),
        ("Größe 注意力 ±".encode(), "Größe 注意力 ±"),
        (b"bad \xff byte", "bad \ufffd byte"),
    ],
)
def test_printed_text_is_stripped_of_what_steers_a_terminal(raw, shown):
    assert clean(raw) == shown


@given(st.binary(max_size=300))
def test_no_control_character_is_ever_shown(raw):
    shown = clean(raw)
    assert all(char in "\n\t" or char.isprintable() or ord(char) > 0x9F for char in shown)


@given(st.text(max_size=300), st.integers(1, 60))
def test_what_is_shown_of_a_text_is_short_and_without_control_characters(text, limit):
    short = shown(text, limit)
    assert len(short) <= limit
    assert short.rstrip("…") in clean(text.encode("utf-8", "replace"))


def test_a_short_text_is_shown_whole_and_a_long_one_says_that_it_was_cut():
    assert shown("expected 0.5, got 0.25", 30) == "expected 0.5, got 0.25"
    assert shown("x" * 31, 30) == "x" * 29 + "…"
    assert shown("\x1b[31m" * 100 + "x", 30).endswith("…")
    with pytest.raises(TypeError):
        shown(["no text"], 30)


# Out of memory


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (OSError(2, "No such file"), False),
        (RuntimeError("shapes do not match"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_errors_are_told_from_others(error, expected):
    assert ran_out_of_memory(error) is expected


# The filter and the view


def test_a_filter_for_one_process_names_that_process():
    program = syscalls.compiled(namespaces=False)
    placeholder = syscalls.OWN_PID.to_bytes(4, "little")
    assert placeholder in program
    mine = syscalls.for_process(program, 4711)
    assert placeholder not in mine
    assert (4711).to_bytes(4, "little") in mine
    assert len(mine) == len(program)


def test_the_command_line_binds_nothing_that_can_be_written():
    command = confine.bwrap_command()
    assert "--bind" not in command
    assert "--unshare-net" in command
    assert "--unshare-pid" in command
    assert command[-2:] == ["--remount-ro", "/"]


def test_the_view_shows_no_part_of_the_project_but_the_verifiers():
    command = confine.bwrap_command()
    project = Path(view.__file__).parent.parent
    sources = [
        Path(command[i + 1]) for i, option in enumerate(command) if option.startswith("--ro-bind")
    ]
    inside = [path for path in sources if path.is_relative_to(project)]
    outside_venv = [path for path in inside if "site-packages" not in path.parts]
    assert outside_venv == [project / "verifiers"]
    assert not any(project.is_relative_to(path) for path in sources)


def test_importable_packages_are_those_named_and_what_they_require():
    names = {package.name for package in view.importable(("safetensors", "numpy"))}
    assert {"safetensors", "numpy"} <= names
    assert not {"torch", "sympy", "streamlit"} & names


def test_kernel_settings_that_forbid_bwrap_are_named(tmp_path):
    (tmp_path / "kernel").mkdir()
    (tmp_path / "user").mkdir()
    assert confine._hint(tmp_path) == ""
    (tmp_path / "user/max_user_namespaces").write_text("0\n")
    assert "user.max_user_namespaces" in confine._hint(tmp_path)
    (tmp_path / "kernel/apparmor_restrict_unprivileged_userns").write_text("1\n")
    assert "AppArmor" in confine._hint(tmp_path)


def test_only_users_that_exist_here_are_taken(tmp_path):
    ids = tmp_path / "uid_map"
    ids.write_text("         0     100000      65536\n")
    assert confine._mapped(str(ids), 65536 - confine.USERS)
    assert not confine._mapped(str(ids), 65536 - confine.USERS + 1)
    ids.write_text("0 0 1\n1 100000 65536\n")
    assert confine._mapped(str(ids), 1000)


def test_memory_is_gathered_only_in_whole_huge_pages():
    page = lockdown.HUGE_PAGE
    assert lockdown.gather_pages([(page + 1, 2 * page - 1), (0, 0)]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ elsewhere")
def test_a_rehearsal_outside_the_sandbox_says_what_is_refused(monkeypatch):
    def refuse(flags: int) -> None:
        raise PermissionError(1, "unshare: Operation not permitted")

    monkeypatch.setattr(lockdown, "unshare", refuse)
    with pytest.raises(PermissionError, match="unshare"):
        lockdown.rehearse()
