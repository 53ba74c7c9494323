"""LiteLLM's proxy: its own `/v1/fine_tuning/jobs`."""
