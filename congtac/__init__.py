"""The `congtac` command: one door to the server, the demo, the administrator's tools and a client."""

__version__ = "0.1.0"
