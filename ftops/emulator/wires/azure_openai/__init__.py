"""Azure OpenAI: `/openai/fine_tuning/jobs` under dated versions, and `/openai/v1`."""
