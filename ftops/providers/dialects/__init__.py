"""One module per wire format: facts from the provider's documents, no I/O."""
