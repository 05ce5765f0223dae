"""The README and docs/ say what is so: the example runs, the commands are there, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "examples" / "README.md",
        ROOT / "vendor" / "libzmq" / "README.md",
    )
    if path.exists()
]


def readme_command(name):
    """A marked block of the README."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme_command.py"), name],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=20,
    )
    return finished.stdout


def test_example_runs(tmp_path):
    example = readme_command("example")
    assert len(example.strip().splitlines()) <= 11
    finished = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", example],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=20,
        cwd=tmp_path,  # where only what is installed can be imported
    )
    assert finished.stdout == "Hello, ZeroMQ\n"
    assert finished.returncode == 0


@pytest.mark.parametrize("page", ["serialization.md", pytest.param("howto.md", marks=pytest.mark.own_engine)])
def test_programs_of_a_page_run(page, tmp_path):
    if page == "serialization.md":
        pytest.importorskip("numpy")
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert programs
    for program in programs:
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=20, cwd=tmp_path)


@pytest.mark.parametrize("name", ["run", "test"])
def test_commands_are_valid_shell(name):
    command = readme_command(name)
    subprocess.run(["bash", "-n", "-c", command], check=True, timeout=20)
    assert "apt-get install" in command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.split("#")[0]).exists(), target


def test_engine_readme_says_what_it_is():
    first = (ROOT / "vendor" / "libzmq" / "README.md").read_text(encoding="utf-8").splitlines()[0]
    assert "independent implementation of libzmq's API" in first
    assert "not upstream's code" in first
