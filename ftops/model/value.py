"""Changing a value: each is a frozen `msgspec.Struct`, and a change makes a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A type checker knows a Struct's fields in this one, and lets anything pass in msgspec's own.
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["replace"]
