"""Portkey's gateway in front of OpenAI."""
