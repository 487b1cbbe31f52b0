"""What was raised, as text, whatever it is."""


def describe_error(error: BaseException) -> str:
    """The class and the text of an exception; one that cannot make its text is told by its class alone."""
    try:
        text = str(error)
    except Exception as another:
        return f"{type(error).__name__}, whose text cannot be made ({type(another).__name__})"
    return f"{type(error).__name__}: {text}"
