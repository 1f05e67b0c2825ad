"""The studio starts where it may listen, and says in a sentence where it cannot."""

import socket
from pathlib import Path

import pytest

from studio.domain.errors import SetupError
from studio.web.serve import check_port, serve


def test_a_port_in_use_is_named_with_another_to_try():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} cannot be used") as refused:
            check_port("127.0.0.1", port)
    assert str(port + 1) in refused.value.fix
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.example"])
def test_the_studio_does_not_listen_to_others_unless_told_to(host: str, tmp_path: Path):
    with pytest.raises(SetupError, match="no passwords yet"):
        serve(workspaces=tmp_path / "workspaces", host=host)
    assert not (tmp_path / "workspaces").exists()
