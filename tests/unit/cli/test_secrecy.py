"""The guards around the two streams and the logs."""

from __future__ import annotations

import io
import logging
import sys

import click
import pytest

from ftops.cli.request_log import BlankingFilter
from ftops.cli.secrecy import current_vault, secrecy
from ftops.errors import SecretExposed
from ftops.transport.secret import Secret, Vault

KEY = "sk-canary-0123456789"


def test_a_document_is_refused_and_a_message_is_blanked(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = sys.stdout, sys.stderr
    with secrecy() as vault:
        assert current_vault() is vault
        vault.add(Secret(KEY, "api_key"))
        click.echo("harmless")
        click.echo(f"the key {KEY} is wrong", err=True)
        with pytest.raises(SecretExposed):
            click.echo(f"a document\nwith {KEY}\n")
        with pytest.raises(SecretExposed):
            sys.stdout.writelines(["one", KEY])
    assert (sys.stdout, sys.stderr) == (out, err)
    assert capsys.readouterr() == ("harmless\none", "the key *** is wrong\n")
    assert current_vault() is not vault


def test_a_guarded_stream_is_otherwise_the_stream_itself(capfd: pytest.CaptureFixture[str]) -> None:
    fileno = sys.stdout.fileno()
    with secrecy():
        assert not sys.stdout.isatty()
        assert sys.stdout.fileno() == fileno
        click.echo(b"bytes\n", nl=False)
        print("text", flush=True)  # noqa: T201 - the ways of writing are what is tested
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    assert capfd.readouterr().out == "bytes\ntext\n"


def test_log_records_lose_their_secrets_whatever_handler_writes_them() -> None:
    vault, stream = Vault(), io.StringIO()
    vault.add(Secret(KEY, "api_key"))
    handler = logging.StreamHandler(stream)
    handler.addFilter(BlankingFilter(vault))
    logger = logging.getLogger("ftops.test.secrecy")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        logger.warning("sent %s to %s", KEY, {"Authorization": f"Bearer {KEY}"})
        try:
            raise ValueError(KEY)
        except ValueError:
            logger.exception("failed with %d", 3)
    finally:
        logger.removeHandler(handler)
    assert KEY not in stream.getvalue()
    assert "sent *** to {'Authorization': 'Bearer ***'}" in stream.getvalue()
    assert "failed with 3" in stream.getvalue()
    assert "ValueError: ***" in stream.getvalue()
