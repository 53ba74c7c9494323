"""What ftops remembers, and who may write it: value, format, manager and storage are four modules."""
