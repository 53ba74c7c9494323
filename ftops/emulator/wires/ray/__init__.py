"""Ray Jobs: an engine that runs a trainer, and has no idea of a fine-tune."""
