"""`make bench`: measure, print a table, and write the numbers to a file where one is named."""

import json
import sys
from collections.abc import Sequence

import uvloop

from bench.options import parse
from bench.report import report
from bench.run import measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code is 0, or 1 when something did not work and nothing was measured."""
    options = parse(arguments)
    try:
        result = uvloop.run(measure(options, lambda line: print(line, file=sys.stderr, flush=True)))
    except (RuntimeError, OSError, ExceptionGroup) as errors:
        print(f"bench: {_first(errors)}", file=sys.stderr)
        return 1
    print(report(result))
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return 0


def _first(errors: BaseException) -> str:
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return str(errors) or type(errors).__name__


if __name__ == "__main__":
    sys.exit(main())
