"""`python -m cli NAME`: how the supervisor starts each process, whatever is or is not on PATH."""

from cli.main import main

if __name__ == "__main__":
    main()
