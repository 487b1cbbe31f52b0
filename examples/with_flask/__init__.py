"""A Flask application that compresses files, with its worker in a process of its own."""
