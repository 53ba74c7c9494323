"""What ftops is measured beside: the same task, of as many things, by tools that people know."""
