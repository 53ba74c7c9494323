"""LiteLLM's proxy: its pass-through to OpenAI, `/openai_passthrough/v1/...`."""
