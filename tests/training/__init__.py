"""Real trainings of a very small model, by the trainer alone, in the environment that `make ray` makes.

Where it is missing or has no torch these tests skip, with the reason; `FTOPS_REQUIRE=train` makes that an
error.
"""
