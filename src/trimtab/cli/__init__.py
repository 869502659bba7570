"""The command line: asks, shows, and turns outcomes into exit codes. What a command does is in `api`.

Nothing heavy is imported before a command runs, so that `trimtab --help` answers at once.
"""

from trimtab.cli.app import app


def main() -> None:
    """Run the command line."""
    app()
