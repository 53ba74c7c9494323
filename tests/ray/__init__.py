"""What ftops leans on of Ray, asked of a real one and of the emulator; decision 0039 has the figures."""
