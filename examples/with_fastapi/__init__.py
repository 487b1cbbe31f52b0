"""A FastAPI application that counts words, with its worker in the same process."""
