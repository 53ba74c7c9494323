"""Real clients of the providers, each in an environment of its own, drive the emulator over HTTP.

`make conformance` runs it; docs/reference/conformance.md shows what it prints. The drivers import nothing of
ftops: what they prove is that programs which know nothing of us take the emulator for the provider.
"""
