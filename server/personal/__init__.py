"""A person's own data: all of it in one file, and all of it gone. The routes are in `routes`."""
