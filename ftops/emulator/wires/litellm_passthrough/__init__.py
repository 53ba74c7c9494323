"""LiteLLM's proxy: its pass-through to OpenAI, `/openai/v1/...`."""
