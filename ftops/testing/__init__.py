"""The contract of providers, for who writes a dialect: a pytest class to inherit, and faults for any server.

It needs pytest, which ftops itself does not. Nothing of ftops imports this room.
"""

from ftops.errors import FtopsError

try:
    import pytest
except ImportError as error:
    raise FtopsError("ftops.testing needs pytest", hint="pip install pytest") from error

# Before the import: a failed assertion of the contract then shows its values, as one's own does.
pytest.register_assert_rewrite("ftops.testing.contract")

from ftops.testing.case import DialectCase, Server  # noqa: E402 - see above
from ftops.testing.contract import FAULTS, ProviderContract  # noqa: E402
from ftops.testing.gateway import Gateway, Route  # noqa: E402

__all__ = ["FAULTS", "DialectCase", "Gateway", "ProviderContract", "Route", "Server"]
