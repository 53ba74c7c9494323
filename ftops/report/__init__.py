"""Values in, text and documents out. Pure: no I/O, no clock, no colour of its own."""
