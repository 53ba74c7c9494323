"""Amazon Bedrock's OpenAI-compatible `/v1/fine_tuning/jobs`."""
