"""What the emulator simulates: a clock, a database, files, jobs and what happens to them."""
