"""The ``insert-object`` command: reads its arguments, runs one command, turns failures into exit codes.

Exit code 0: done. 2: bad input or something the user can mend, with one line on stderr. 1: an error of
the program itself. 130: interrupted. Commands import what they need when they run, so that the short ones
answer at once.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NoReturn

from daemon.commands.insert_options import add_insert_options, join_negative_boxes
from daemon.home.limits import check_limits, is_of_memory, memory_hint
from daemon.interruption import be_quiet, interrupt_by_exception
from wire import __version__
from wire.protocol import ErrorCode, InsertObjectError

OK, INTERNAL_ERROR, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
TRACE_VARIABLE = "INSERT_OBJECT_TRACE"  # set: internal errors show where they happened


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        self.exit(BAD_INPUT, f"{self.prog}: {line} (see “{self.prog} --help”)\n")


def parser() -> argparse.ArgumentParser:
    """The grammar of the whole command line."""
    from daemon.commands import evaluate as evaluate_command
    from daemon.commands import light_options, sketch_options
    from daemon.commands import packs as packs_command
    from daemon.commands import service as daemon_commands
    from daemon.commands import train as train_command

    root: argparse.ArgumentParser = _Parser(
        prog="insert-object",
        description="Puts a believable generated object into a picture, locally.",
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"insert-object {__version__}")
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    insert = commands.add_parser("insert", help="insert objects into a photo", allow_abbrev=False)
    add_insert_options(insert)
    insert.set_defaults(run=_run_insert)
    classes = commands.add_parser("classes", help="list what can be inserted", allow_abbrev=False)
    classes.add_argument("--pack", metavar="NAME", default="", help="only those of this model pack")
    classes.add_argument("--json", action="store_true", help="print a JSON list")
    classes.set_defaults(run=_run_classes)
    light_options.add_parser(commands)
    sketch_options.add_parser(commands)
    packs_command.add_parser(commands)
    daemon_commands.add_parsers(commands)
    train_command.add_parser(commands)
    evaluate_command.add_parser(commands)
    return root


def _run_insert(options: argparse.Namespace) -> int:
    if options.batch is None:
        from daemon.commands.insert import run
    else:
        from daemon.commands.insert_batch import run

    return run(options)


def _run_classes(options: argparse.Namespace) -> int:
    from daemon.commands.classes import run

    return run(options)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show must not stop us
    arguments = sys.argv[1:] if argv is None else argv
    try:
        options = parser().parse_args(join_negative_boxes(arguments))
        if not getattr(options, "whatever_the_limits", False):
            check_limits()
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except SystemExit as end:  # argparse has printed help, the version or a complaint
        return end.code if isinstance(end.code, int) else OK
    except InsertObjectError as error:
        print(f"insert-object: {error}", file=sys.stderr)
        return INTERNAL_ERROR if error.code is ErrorCode.INTERNAL else BAD_INPUT
    except KeyboardInterrupt:
        print("insert-object: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone. Point stdout elsewhere, or Python complains again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERNAL_ERROR
    except Exception as error:  # the edge: a bug of ours becomes a line and an exit code
        if is_of_memory(error):
            print(f"insert-object: There is not enough memory. {memory_hint()}", file=sys.stderr)
            return BAD_INPUT
        if os.environ.get(TRACE_VARIABLE):
            traceback.print_exc()
        text = " ".join(str(error).split())
        print(
            f"insert-object: Internal error, please report it: {type(error).__name__}: {text} "
            f"(set {TRACE_VARIABLE}=1 to see where)",
            file=sys.stderr,
        )
        return INTERNAL_ERROR


def program() -> NoReturn:
    """The whole life of the process from here on: ``main``, with nothing but our own words on stderr."""
    be_quiet()
    if not os.environ.get(TRACE_VARIABLE):
        warnings.simplefilter("ignore")  # of libraries, which speak to programmers
        logging.getLogger().addHandler(logging.NullHandler())  # else the last resort prints them
    interrupt_by_exception()
    try:
        code = main()
    except KeyboardInterrupt:  # at the door of ``main``
        code = INTERRUPTED
    be_quiet()
    sys.exit(code)


if __name__ == "__main__":
    program()
