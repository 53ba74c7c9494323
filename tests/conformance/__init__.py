"""Real clients drive the emulator, and ftops drives real servers, each in an environment of its own.

`make conformance` runs it; docs/reference/conformance.md shows what it prints. The drivers import nothing of
ftops: what they prove is that programs which know nothing of us take the emulator for the provider. At the
servers the roles turn: `lives` says what ftops must get right there, `servers` what they do.
"""
