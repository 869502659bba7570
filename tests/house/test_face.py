"""The public face: what a program that uses trimtab may import, and nothing behind it."""

import subprocess
import sys

from trimtab import api


def test_every_name_of_the_face_exists_and_says_what_it_is() -> None:
    silent = [name for name in api.__all__ if not getattr(api, name).__doc__]
    assert silent == []
    assert len(set(api.__all__)) == len(api.__all__)


def test_help_answers_without_the_heavy_libraries() -> None:
    heavy = "{'ccxt', 'numpy', 'highspy', 'sqlalchemy', 'alembic', 'jinja2', 'pyarrow', 'asyncio'}"
    program = f"""
import sys
from trimtab.cli import main
sys.argv = ['trimtab', '--help']
try:
    main()
except SystemExit as leaving:
    assert not leaving.code
print(sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stderr.strip() == "[]"
