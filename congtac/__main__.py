"""`python -m congtac`, the same as `congtac`."""

import sys

from congtac.cli import main

if __name__ == "__main__":
    sys.exit(main())
