"""lazyjobs in web frameworks: `starlette` for Starlette and FastAPI, `django` for Django's tasks.

Each needs the extra of its name, and nothing here imports any of them.
"""
