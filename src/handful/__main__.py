"""`python -m handful` is the command `handful`."""

from handful.doors.cli.app import main

if __name__ == "__main__":
    raise SystemExit(main())
