"""What a checker finds."""


class Violation(AssertionError):  # noqa: N818 (a finding, no error)
    """One of the promises was broken."""
