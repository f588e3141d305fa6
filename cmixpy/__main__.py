"""`python -m cmixpy` is the command `cmixpy`."""

from cmixpy.cli import main

if __name__ == "__main__":
    main()
