"""One module a wire format: facts from the provider's documents, no I/O."""
