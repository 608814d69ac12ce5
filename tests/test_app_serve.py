"""Starting the app: a free port is found, and a taken one is said to be taken."""

from __future__ import annotations

import socket

import pytest

from app import serve


@pytest.fixture
def taken():
    with socket.socket() as holder:
        holder.bind((serve.ADDRESS, 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.fixture
def started(monkeypatch):
    calls = []
    monkeypatch.setattr(serve, "_run_streamlit", lambda *call: calls.append(call) or 0)
    return calls


def test_a_taken_port_is_passed_over_and_said_to_be_taken(taken, started, capsys):
    assert serve.serve(taken, open_browser=False, extra_args=["--x"]) == 0
    port, open_browser, extra = started[0]
    assert port > taken
    assert (open_browser, extra) == (False, ["--x"])
    message = capsys.readouterr().err
    assert f"Port {taken} is taken" in message
    assert f"http://127.0.0.1:{port}" in message


def test_with_no_free_port_it_says_so_and_starts_nothing(taken, started, capsys, monkeypatch):
    monkeypatch.setattr(serve, "PORTS_TO_TRY", 1)
    assert serve.serve(taken) == 1
    assert started == []
    assert "--port" in capsys.readouterr().err


def test_a_port_that_cannot_exist_is_refused_with_a_sentence(started, capsys):
    assert serve.serve(70000) == 1
    assert started == []
    assert "Whetstone cannot start" in capsys.readouterr().err
